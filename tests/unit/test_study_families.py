"""Every column of X belongs to a family of factors, observed shares of relatives too."""

from __future__ import annotations

from riskstrat.declare import Age, Ever
from riskstrat.study.data import factor_families


def test_observed_shares_go_with_the_first_feature_that_reads_their_register():
    asked = {"register": "diagnoses", "codes": "I21"}
    features = (
        Age(),
        Ever(**asked),
        Ever(**asked, relative="mother", family="growth_family"),
        Ever(**asked, relative="all_siblings", family="living_conditions"),
        Ever(**asked, relative="sibling", family="area"),
    )
    shares = ("diagnoses", "mother__diagnoses", "sibling__diagnoses")
    told = (f"{name}__{measure}" for measure in ("observed_share", "observed_years") for name in shares)
    columns = [*(feature.column for feature in features), *told]
    families = factor_families(features, columns)
    assert [families[column] for column in columns] == [
        "age_sex", "health_care", "growth_family", "living_conditions", "area",
        *2 * ("health_care", "growth_family", "living_conditions"),
    ]  # fmt: skip
