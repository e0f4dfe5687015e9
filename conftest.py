"""What all tests and examples share: the option that refuses unexpected skips, and one small real study."""

from __future__ import annotations

import pytest

import examples  # noqa: F401
from fixture_municipality import frailty, municipality_steps, municipality_study, small_municipality  # noqa: F401
from unexpected_skips import pytest_addoption, pytest_configure  # noqa: F401

WITH_A_STUDY = ("riskstrat.study.", "riskstrat.publication.", "riskstrat.reports.")
"""Modules whose examples speak of one small real study."""


@pytest.fixture(autouse=True)
def _study_in_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    """Give examples the values of a small study: registers, condition, settings, data, comparison, model and study."""
    if request.node.name.startswith(WITH_A_STUDY):
        doctest_namespace.update(request.getfixturevalue("municipality_steps"))
