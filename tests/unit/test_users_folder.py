"""Tests leave the folder of whoever runs them as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest


def of_matplotlib() -> list[str]:
    matplotlib = pytest.importorskip("matplotlib")
    return [matplotlib.get_configdir(), matplotlib.get_cachedir()]


def of_ipython() -> list[str]:
    return [pytest.importorskip("IPython.paths").get_ipython_dir()]


@pytest.mark.parametrize("folders", [of_matplotlib, of_ipython])
def test_programs_that_tests_load_keep_nothing_in_the_users_own_folder(folders: Callable[[], list[str]]):
    assert [folder for folder in folders() if Path(folder).is_relative_to(Path.home())] == []
