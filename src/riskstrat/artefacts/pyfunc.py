"""A saved model as MLflow's ``python_function``: folders of registers in, released tables by area out.

MLflow reads ``MLmodel`` beside the model and calls `_load_pyfunc`, which reads the folder as `riskstrat.load_model`
does: nothing in it is run.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from riskstrat.artefacts.model_folder import load_model
from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.errors import Problem, UsageError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = ("registers", "as_of")
DESCRIPTION: Final = f"""flavors:
  python_function:
    loader_module: {__name__}
"""
"""What stands in ``MLmodel``."""


def _load_pyfunc(path: str) -> RegisterScorer:
    return RegisterScorer(load_model(path))


class RegisterScorer:
    """Scores whole folders of registers; persons do not leave.

    Parameters
    ----------
    model
        What `riskstrat.load_model` returned.
    """

    def __init__(self, model: StoredModel) -> None:
        self.model = model

    def predict(self, requested: pd.DataFrame) -> pd.DataFrame:
        """Give people, expected cases and mean risk by area for each row requested."""
        UsageError.refuse(
            Problem(f"no column {name}", ", ".join(COLUMNS), "give one row a folder and day")
            for name in COLUMNS
            if name not in requested.columns
        )
        rows = zip(*(requested[name] for name in COLUMNS), strict=True)
        return pl.concat([self._scored(str(registers), as_of) for registers, as_of in rows]).to_pandas()

    def _scored(self, registers: str, as_of: date | str) -> pl.DataFrame:
        from riskstrat.publication.scores import release_scores
        from riskstrat.registers import open_registers

        day = date.fromisoformat(str(as_of)[:10])
        groups = release_scores(self.model.score(open_registers(registers), day))["groups"].frame
        return groups.select(registers=pl.lit(registers), as_of=pl.lit(day), **{name: name for name in groups.columns})
