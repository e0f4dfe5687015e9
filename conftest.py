"""What all tests and examples share: the option that refuses unexpected skips, and one small real study."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from tempfile import TemporaryDirectory

import pytest

import examples  # noqa: F401
from example_areas import twelve_units, two_areas, two_units
from fixture_municipality import frailty, municipality_steps, municipality_study, small_municipality  # noqa: F401
from small_pilot import three_pairs
from unexpected_skips import pytest_addoption, pytest_configure  # noqa: F401

WITH_A_STUDY = tuple(
    f"riskstrat.{name}." for name in ("study", "publication", "figures", "reports", "artefacts", "tracking")
)
"""Modules whose examples speak of one small real study."""
SMALL_VALUES = {
    "areas": two_areas,
    "indicators": three_pairs,
    "pilots": lambda: {**twelve_units(), **three_pairs()},
    "priorities": two_units,
}
"""What examples of other packages speak of."""
SETTINGS_OF_PROGRAMS = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR")
"""Variables that name folders in which programs keep what they would else keep in the user's own."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let what tests load and start (matplotlib, IPython, MLflow, a browser) keep nothing in the user's own folder.

    Before tests are collected, because some modules load matplotlib.
    """
    place = TemporaryDirectory(ignore_cleanup_errors=True)
    session.config.add_cleanup(place.cleanup)
    os.environ.update({name: os.path.join(place.name, name) for name in SETTINGS_OF_PROGRAMS})  # noqa: PTH118


@pytest.fixture(autouse=True, scope="session")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test and no example read or make the user's own secret."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("the secret of all tests")
    path.chmod(0o600)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RISKSTRAT_SECRET_FILE", str(path))
        yield


@pytest.fixture(autouse=True, scope="session")
def fonts() -> Iterator[None]:
    """Let charts be drawn as the command draws them: twice as fast as in fonts of the machine."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FONTCONFIG_FILE", str(files("riskstrat.figures") / "fonts.conf"))
        yield


@pytest.fixture(autouse=True, scope="session")
def kept_bytecode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let processes that tests start compile what they import once, also where the environment keeps no bytecode."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patched.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


@pytest.fixture(autouse=True)
def _study_in_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    """Give examples the values of a small study (registers, condition, ... study), or of something smaller."""
    if request.node.name.startswith(WITH_A_STUDY):
        doctest_namespace.update(request.getfixturevalue("municipality_steps"))
    for package, values in SMALL_VALUES.items():
        if request.node.name.startswith(f"riskstrat.{package}."):
            doctest_namespace.update(values())
