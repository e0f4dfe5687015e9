"""The steps from registers to a plan, and `run`, which calls them one after the other.

Every step takes the values before it and returns a new one. Only this package calls the stages in order.

Examples
--------
>>> from datetime import date
>>> from tempfile import mkdtemp
>>> from pathlib import Path
>>> import riskstrat as rs
>>> from riskstrat.declare import Candidate
>>> from riskstrat.synthetic import write_municipality
>>> registers = rs.open_registers(write_municipality(3_000, 1, Path(mkdtemp(), "registers"), area_sd=0.3))
>>> only = (Candidate("Logistic"),)
>>> quick = rs.Settings(candidates=only, folds=2, area_folds=2, bootstrap_draws=50, posterior_draws=500)
>>> data = prepare(rs.conditions.load("frailty"), registers, date(2024, 1, 1), quick)
>>> comparison = compare(data)
>>> model = fit(data, comparison)
>>> sorted(evaluate(data, model, comparison).checks)
['person', 'time']
>>> results = estimate_area_results(data, model)
>>> results.estimates.table.height
11
>>> plan(data, results).areas.budget_sek
2000000.0
"""

from riskstrat.study.area_results import estimate_area_results
from riskstrat.study.data import StudyData, TargetData, TrainingData, prepare
from riskstrat.study.evaluation import evaluate
from riskstrat.study.interpretation import interpret
from riskstrat.study.models import Comparison, compare, fit
from riskstrat.study.plans import plan
from riskstrat.study.source import cell_noise
from riskstrat.study.transport import transport
from riskstrat.study.whole import run
from riskstrat.study.without import compare_areas, without

__all__ = [
    "Comparison",
    "StudyData",
    "TargetData",
    "TrainingData",
    "cell_noise",
    "compare",
    "compare_areas",
    "estimate_area_results",
    "evaluate",
    "fit",
    "interpret",
    "plan",
    "prepare",
    "run",
    "transport",
    "without",
]
