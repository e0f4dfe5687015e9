"""What may leave: a `Table` of groups goes in, a `Released` one comes out, with small numbers of people protected.

`release` is the only door. Person-level rows cannot be a `Table`; reports, figures and tracking take `Released` only.
"""

from riskstrat.disclosure.release import Released, release
from riskstrat.disclosure.rules import PRESETS, Disclosure
from riskstrat.disclosure.table import Table

__all__ = ["PRESETS", "Disclosure", "Released", "Table", "release"]
