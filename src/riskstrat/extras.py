"""Optional packages: imported when first needed, or one clear error that names the extra that brings them.

In: the name of a module. Out: the module.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from riskstrat.errors import MissingExtraError

EXTRA_OF = {
    "adbc_driver_duckdb": "db",
    "adbc_driver_manager": "db",
    "adbc_driver_postgresql": "db",
    "adbc_driver_sqlite": "db",
    "altair": "report",
    "distributed": "cluster",
    "great_tables": "report",
    "jinja2": "report",
    "vl_convert": "report",
    "lifelines": "survival",
    "mlflow": "track",
    "pyarrow": "files",
    "pyogrio": "spatial",
    "pyreadstat": "files",
    "shap": "explain",
    "shapely": "spatial",
    "skops": "models",
}

LEFT_OUT = {"altair": ("rfc3987_syntax",), "skops": ("dask", "pytest")}
"""What a package loads where it happens to be installed, and that nothing here uses.

jsonschema, which altair loads, would build 38 parsers of addresses: 3 CPU seconds, as much as ten reports take.
skops looks through all of scikit-learn, its tools for tests and for arrays of dask too: half a second.
"""


def optional(module: str) -> ModuleType:
    """Import an optional module by name.

    Raises
    ------
    MissingExtraError
        If its package is not installed; the message names the extra.

    Examples
    --------
    >>> optional("jinja2").__name__
    'jinja2'
    """
    package = module.split(".", maxsplit=1)[0]
    try:
        with _without(LEFT_OUT.get(package, ())), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "IProgress not found")  # of tqdm in a notebook: nothing here shows bars
            return import_module(module) if module in sys.modules else _import_apart(module)
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        raise MissingExtraError.of(EXTRA_OF[package], package) from missing


def _import_apart(module: str) -> ModuleType:
    """Import in a thread of its own, below which nothing lies.

    shap keeps the errors of what it could not import. With an error Python keeps the frames from which it came, and all
    that called them with what they held: the persons of a study, until the program ends.
    """
    with ThreadPoolExecutor(max_workers=1) as apart:
        return apart.submit(import_module, module).result()


@contextmanager
def _without(modules: Sequence[str]) -> Iterator[None]:
    """Let modules that are not loaded yet seem not to be installed."""
    absent = dict.fromkeys(each for each in modules if each not in sys.modules)
    sys.modules.update(absent)  # type: ignore[arg-type]  # how Python marks what cannot be imported
    try:
        yield
    finally:
        for each in absent:
            del sys.modules[each]
