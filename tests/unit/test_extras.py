"""Optional packages are loaded without what they would load for nothing."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from riskstrat.extras import LEFT_OUT, _without, optional

UNUSED = "tabnanny"


def test_what_is_left_out_seems_not_to_be_installed_while_a_package_loads_and_is_there_afterwards():
    sys.modules.pop(UNUSED, None)
    with _without((UNUSED,)), pytest.raises(ImportError, match=UNUSED):
        importlib.import_module(UNUSED)
    assert importlib.import_module(UNUSED).__name__ == UNUSED


def test_what_somebody_has_loaded_already_stays():
    loaded = importlib.import_module(UNUSED)
    with _without((UNUSED,)):
        assert importlib.import_module(UNUSED) is loaded


def test_charts_do_not_build_parsers_of_addresses(monkeypatch: pytest.MonkeyPatch):
    (parsers,), found = LEFT_OUT["altair"], []
    monkeypatch.delitem(sys.modules, parsers, raising=False)
    monkeypatch.delitem(sys.modules, "altair", raising=False)
    monkeypatch.setattr("riskstrat.extras.import_module", lambda _: found.append(sys.modules[parsers]))
    optional("altair")
    assert found == [None]
    assert parsers not in sys.modules


def test_models_load_no_tools_for_tests_and_no_arrays_of_dask():
    code = "import riskstrat.extras, sys; riskstrat.extras.optional('skops.io'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"dask", "pytest"} & {*done.stdout.split()}


def test_a_package_that_keeps_an_error_of_its_start_keeps_nothing_of_those_who_load_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "keeps_an_error.py").write_text(
        "try:\n    import not_installed_anywhere\nexcept ImportError as error:\n    kept = error\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def study() -> weakref.ref[np.ndarray]:
        persons = np.zeros(1)
        assert isinstance(optional("keeps_an_error").kept, ImportError)
        return weakref.ref(persons)

    persons = study()
    gc.collect()
    assert persons() is None
