"""Where does prevention do most good? From registers to priority areas, with honest uncertainty.

Heavy libraries load when a name that needs them is first used.

Examples
--------
>>> import riskstrat as rs
>>> rs.conditions.available()
('childhood_obesity', 'early_cvd', 'frailty', 'readmission')
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskstrat.areas import estimate_areas as estimate_areas
    from riskstrat.artefacts import load_model as load_model
    from riskstrat.artefacts import open_study as open_study
    from riskstrat.artefacts import save as save
    from riskstrat.artefacts import save_model as save_model
    from riskstrat.cohort import build_cohort as build_cohort
    from riskstrat.cohort import target_population as target_population
    from riskstrat.declare import Settings as Settings
    from riskstrat.disclosure import Disclosure as Disclosure
    from riskstrat.disclosure import release as release
    from riskstrat.explanation import explain as explain
    from riskstrat.features import build_features as build_features
    from riskstrat.priorities import prioritise as prioritise
    from riskstrat.publication import export as export
    from riskstrat.publication import publish as publish
    from riskstrat.quality import check as check
    from riskstrat.registers import open_registers as open_registers
    from riskstrat.reports import card as card
    from riskstrat.reports import write_report as report
    from riskstrat.study import evaluate as evaluate
    from riskstrat.study import fit as fit
    from riskstrat.study import prepare as prepare
    from riskstrat.study import run as run
    from riskstrat.tracking import track as track
    from riskstrat.validation import validate as validate

__version__ = "0.1.0"

_MODULES = {
    "Disclosure": "riskstrat.disclosure",
    "Settings": "riskstrat.declare",
    "build_cohort": "riskstrat.cohort",
    "build_features": "riskstrat.features",
    "card": "riskstrat.reports",
    "check": "riskstrat.quality",
    "estimate_areas": "riskstrat.areas",
    "evaluate": "riskstrat.study",
    "explain": "riskstrat.explanation",
    "export": "riskstrat.publication",
    "fit": "riskstrat.study",
    "load_model": "riskstrat.artefacts",
    "open_registers": "riskstrat.registers",
    "open_study": "riskstrat.artefacts",
    "prepare": "riskstrat.study",
    "prioritise": "riskstrat.priorities",
    "publish": "riskstrat.publication",
    "release": "riskstrat.disclosure",
    "report": "riskstrat.reports",
    "run": "riskstrat.study",
    "save": "riskstrat.artefacts",
    "save_model": "riskstrat.artefacts",
    "target_population": "riskstrat.cohort",
    "track": "riskstrat.tracking",
    "validate": "riskstrat.validation",
}
_NAMES = {"report": "write_report"}
_SUBMODULES = (
    "areas",
    "artefacts",
    "codes",
    "conditions",
    "declare",
    "estimators",
    "features",
    "figures",
    "indicators",
    "intake",
    "pilots",
    "priorities",
    "publication",
    "registers",
    "study",
    "synthetic",
    "validation",
)

__all__ = [
    "Disclosure",
    "Settings",
    "build_cohort",
    "build_features",
    "card",
    "check",
    "estimate_areas",
    "evaluate",
    "explain",
    "export",
    "fit",
    "load_model",
    "open_registers",
    "open_study",
    "prepare",
    "prioritise",
    "publish",
    "release",
    "report",
    "run",
    "save",
    "save_model",
    "target_population",
    "track",
    "validate",
]


_DISPLAYED = (
    ("riskstrat.disclosure.release", "Released"),
    ("riskstrat.publication.characteristics", "TableOne"),
    ("riskstrat.publication.published", "Published"),
    ("riskstrat.records.areas", "AreaEstimates"),
    ("riskstrat.records.cohort", "Target"),
    ("riskstrat.records.findings", "Findings"),
    ("riskstrat.records.incidence", "Incidence"),
    ("riskstrat.records.follow_up", "FollowUp"),
    ("riskstrat.records.pilot", "PilotDesign"),
    ("riskstrat.records.pilot", "PilotEvaluation"),
    ("riskstrat.records.plan", "Plan"),
    ("riskstrat.records.study", "Study"),
    ("riskstrat.records.transport", "Transport"),
    ("riskstrat.records.validation", "Validation"),
)


def load_ipython_extension(shell: object) -> None:
    """Show records as released HTML tables, conditions in words; ``%load_ext riskstrat`` where IPython started later.

    Types are registered by name, so that nothing is imported before a record is shown.
    """
    formatters = shell.display_formatter.formatters  # type: ignore[attr-defined]
    for module, name in _DISPLAYED:
        formatters["text/html"].for_type_by_name(module, name, _display)
    formatters["text/markdown"].for_type_by_name("riskstrat.declare.condition", "Condition", _describe)


def _display(record: object) -> str | None:
    """Give the HTML of a record; None, which leaves its text, where the libraries of the tables are not installed."""
    from riskstrat.errors import MissingExtraError
    from riskstrat.publication import display

    try:
        return display(record)  # type: ignore[arg-type]
    except MissingExtraError:
        return None


def _describe(condition: object) -> str:
    from riskstrat.declare.description import describe

    return describe(condition)  # type: ignore[arg-type]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), _NAMES.get(name, name))
    if name in _SUBMODULES:
        return importlib.import_module(f"riskstrat.{name}")
    message = f"module 'riskstrat' has no attribute '{name}'"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return [*__all__, *_SUBMODULES, "__version__"]


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    load_ipython_extension(_shell)
