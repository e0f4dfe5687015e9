"""Optional packages: imported when first needed, or one clear error that names the extra that brings them.

In: the name of a module. Out: the module.
"""

from __future__ import annotations

import importlib
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
}


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
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        raise MissingExtraError.of(EXTRA_OF[package], package) from missing
