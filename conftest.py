"""What all tests and examples share: the option that refuses unexpected skips, and one small real study."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import examples  # noqa: F401
from fixture_municipality import frailty, municipality_steps, municipality_study, small_municipality  # noqa: F401
from small_pilot import three_pairs
from unexpected_skips import pytest_addoption, pytest_configure  # noqa: F401

WITH_A_STUDY = tuple(f"riskstrat.{name}." for name in ("study", "publication", "reports", "artefacts", "tracking"))
"""Modules whose examples speak of one small real study."""


@pytest.fixture(autouse=True, scope="session")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test and no example read or make the user's own secret."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("the secret of all tests")
    path.chmod(0o600)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RISKSTRAT_SECRET_FILE", str(path))
        yield


@pytest.fixture(autouse=True)
def _study_in_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    """Give examples the values of a small study (registers, condition, ... study), or of a pilot of three pairs."""
    if request.node.name.startswith(WITH_A_STUDY):
        doctest_namespace.update(request.getfixturevalue("municipality_steps"))
    if request.node.name.startswith(("riskstrat.pilots.", "riskstrat.indicators.")):
        doctest_namespace.update(three_pairs())
