"""What may be published: a `Table` of groups goes in, a `Released` one comes out, with small numbers protected.

`release` is the only gate. Person-level rows cannot be a `Table`; reports, figures and tracking take `Released` only.
"""

from riskstrat.disclosure.cell_keys import FEWEST_POSSIBLE, CellNoise, within
from riskstrat.disclosure.digits import CASES, MONEY, PROBABILITY, SHARE, ByInterval, Difference, Digits, Figures, Step
from riskstrat.disclosure.protected_rows import ProtectedRows
from riskstrat.disclosure.relations import DIGITS, Categories, Ratio, Sum
from riskstrat.disclosure.release import Released, release
from riskstrat.disclosure.rules import PRESETS, Disclosure
from riskstrat.disclosure.spreadsheets import to_csv
from riskstrat.disclosure.table import Table
from riskstrat.disclosure.whole import UnitCounts, Whole

__all__ = [
    "CASES",
    "DIGITS",
    "FEWEST_POSSIBLE",
    "MONEY",
    "PRESETS",
    "PROBABILITY",
    "SHARE",
    "ByInterval",
    "Categories",
    "CellNoise",
    "Difference",
    "Digits",
    "Disclosure",
    "Figures",
    "ProtectedRows",
    "Ratio",
    "Released",
    "Step",
    "Sum",
    "Table",
    "UnitCounts",
    "Whole",
    "release",
    "to_csv",
    "within",
]
