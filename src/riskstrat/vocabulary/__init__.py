"""Whether the words of a declaration name anything in registers, decided before any row of a person is read.

In: a condition or features, and registers. Out: notes, or one error that lists every word that names nothing.
"""

from riskstrat.vocabulary.checking import SMALL_TABLE, check_condition, check_features

__all__ = ["SMALL_TABLE", "check_condition", "check_features"]
