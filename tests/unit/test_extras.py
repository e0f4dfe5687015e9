"""Optional packages are loaded without what they would load for nothing."""

from __future__ import annotations

import importlib
import sys

import pytest

from riskstrat.extras import LEFT_OUT, _without, optional

UNUSED = "tabnanny"


def test_what_is_left_out_seems_not_to_be_installed_while_a_package_loads_and_is_there_afterwards():
    sys.modules.pop(UNUSED, None)
    with _without(UNUSED), pytest.raises(ImportError, match=UNUSED):
        importlib.import_module(UNUSED)
    assert importlib.import_module(UNUSED).__name__ == UNUSED


def test_what_somebody_has_loaded_already_stays():
    loaded = importlib.import_module(UNUSED)
    with _without(UNUSED):
        assert importlib.import_module(UNUSED) is loaded


def test_charts_do_not_build_parsers_of_addresses(monkeypatch: pytest.MonkeyPatch):
    parsers, found = LEFT_OUT["altair"], []
    monkeypatch.delitem(sys.modules, parsers, raising=False)
    monkeypatch.setattr("riskstrat.extras.importlib.import_module", lambda _: found.append(sys.modules[parsers]))
    optional("altair")
    assert found == [None]
    assert parsers not in sys.modules
