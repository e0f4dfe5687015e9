"""What outsiders may rely on, and what importing costs."""

import subprocess
import sys

import riskstrat

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


def test_importing_loads_nothing_heavy():
    code = f"import sys, riskstrat; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_worker_that_reads_rows_loads_no_schemas():
    code = "import sys, riskstrat.features; print([m for m in ('dataframely', 'sqlalchemy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
