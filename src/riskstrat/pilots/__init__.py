"""Try small, then scale: units and a programme in; a pilot drawn by chance, and what it has shown, out.

`design` before the start, `save_design` and `read_design` in between, `evaluate` and `updated_programme` afterwards.
"""

from riskstrat.pilots.designing import design
from riskstrat.pilots.evaluating import evaluate, updated_programme
from riskstrat.pilots.files import read_design, save_design

__all__ = ["design", "evaluate", "read_design", "save_design", "updated_programme"]
