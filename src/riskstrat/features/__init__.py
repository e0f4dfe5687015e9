"""What was known of persons before their index dates.

In: declared features, a cohort or target population, registers. Out: X, one Float32 column a feature.
"""

from riskstrat.features.dataset import FeatureTable, write_features
from riskstrat.features.engine import build_features, feature_parts
from riskstrat.features.row_reasons import explain_design

__all__ = ["FeatureTable", "build_features", "explain_design", "feature_parts", "write_features"]
