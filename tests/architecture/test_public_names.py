"""What outsiders may rely on, and what importing costs."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import riskstrat
from riskstrat.errors import RiskstratError

HEAVY = ("sklearn", "scipy", "shap", "lifelines", "mlflow", "altair", "pandas", "numba", "polars", "dataframely")


def test_the_public_names():
    assert riskstrat.__all__ == [
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
    assert len(riskstrat.__all__) <= 25


def test_every_public_name_is_there_and_documented():
    for name in riskstrat.__all__:
        assert getattr(riskstrat, name).__doc__, name


def test_every_public_submodule_is_there():
    for name in (
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
    ):
        assert getattr(riskstrat, name).__doc__, name


def made_by_users() -> dict[str, type]:
    """Public classes whose fields pydantic checks, by name."""
    names = (each.name for each in pkgutil.iter_modules(riskstrat.__path__) if not each.name.startswith("_"))
    public = (importlib.import_module(f"riskstrat.{name}") for name in names)
    found = {name: getattr(module, name) for module in public for name in getattr(module, "__all__", ())}
    return {name: each for name, each in found.items() if _is_checked(each)}


def _is_checked(each: object) -> bool:
    return hasattr(each, "__pydantic_validator__") and not inspect.isabstract(each)


def test_what_is_wrong_with_a_declaration_is_an_error_of_ours():
    kinds = made_by_users()
    assert {"Manifest", "TableManifest", "Population", "Settings"} <= {*kinds}
    for kind in kinds.values():
        with pytest.raises(RiskstratError, match="'no_such_field'"):
            kind(no_such_field=1)


def test_importing_loads_nothing_heavy():
    code = f"import sys, riskstrat; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_worker_that_reads_rows_loads_no_schemas():
    code = "import sys, riskstrat.features; print([m for m in ('dataframely', 'sqlalchemy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
