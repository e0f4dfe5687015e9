"""Features of any kind in, one Float32 matrix with named columns (NaN = not observed) out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import issparse

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.estimators.parts import KEYS, ROW_NUMBER, FeatureParts, LazyParts, is_in_parts


class PandasFrame(Protocol):
    """What is used of a pandas frame, so that pandas need not be installed."""

    @property
    def columns(self) -> Iterable[str]:
        """Names of the columns."""

    @property
    def dtypes(self) -> Iterable[object]:
        """Types of the columns, in their order."""

    def __getitem__(self, chosen: list[str] | NDArray[np.bool_], /) -> PandasFrame:
        """Choose columns by name, or rows by a mask."""

    def to_numpy(self, *, dtype: type[np.generic], na_value: float) -> NDArray[np.generic]:
        """Convert to a matrix."""


Features: TypeAlias = pl.DataFrame | pl.LazyFrame | FeatureParts | PandasFrame | NDArray[np.generic]


@dataclass(frozen=True)
class Matrix:
    """Feature values with their names, and the person of each row where the features name it."""

    names: tuple[str, ...]
    values: NDArray[np.float32]
    people: NDArray[np.generic] | None = None

    def select(self, names: Sequence[str]) -> Matrix:
        """Keep these columns in this order."""
        if tuple(names) == self.names:
            return self
        chosen = [self.names.index(name) for name in names]
        return replace(self, names=tuple(names), values=self.values[:, chosen])


def read_features(X: Features) -> Matrix:
    """Convert features to a matrix; the key columns person_id and index_date are no features.

    Features on disk and lazy frames are read into it part by part: there is never a second copy of all of them. Columns
    that are not numeric or infinite, and arrays without two dimensions, are a ContractError.
    """
    matrix = _matrix(X)
    ContractError.refuse(_infinite(matrix))
    return matrix


def _matrix(X: Features) -> Matrix:
    if isinstance(X, pl.DataFrame):
        return _from_polars(X)
    if isinstance(X, pl.LazyFrame):
        return _from_parts(LazyParts(X))
    return _from_parts(X) if is_in_parts(X) else _from_pandas_or_numpy(X)


def read_features_as(X: Features, names: Sequence[str], *, others_allowed: bool = False) -> Matrix:
    """Convert features to a matrix with these columns in this order; an array must have as many columns."""
    matrix = read_features(X)
    if isinstance(X, np.ndarray) and len(matrix.names) == len(names):
        return replace(matrix, names=tuple(names))
    ContractError.refuse(_column_problems(matrix.names, names, others_allowed=others_allowed))
    return matrix.select(names)


def _from_parts(X: FeatureParts) -> Matrix:
    """Put parts into one matrix, column by column as the columns of a frame would lie in it."""
    values = np.empty((X.rows, len(X.columns)), dtype=np.float32, order="F")
    people: NDArray[np.int64] | None = None
    for part in X.parts():
        _refuse_types(part.schema, X.columns)
        rows = _rows(part[ROW_NUMBER])
        for column, name in enumerate(X.columns):
            values[rows, column] = part[name].cast(pl.Float32).to_numpy()
        if "person_id" in part.columns:
            people = np.empty(X.rows, dtype=np.int64) if people is None else people
            people[rows] = part["person_id"].to_numpy()
    return Matrix(X.columns, values, people)


def _rows(row_number: pl.Series) -> slice | NDArray[np.intp]:
    """Give row numbers that follow each other as a slice, which is written faster."""
    numbers = row_number.to_numpy().astype(np.intp)
    follow = len(numbers) > 0 and bool((np.diff(numbers) == 1).all())
    return slice(numbers[0], numbers[-1] + 1) if follow else numbers


def _refuse_types(schema: Mapping[str, pl.DataType], names: Iterable[str]) -> None:
    others = ((name, schema[name]) for name in names if not schema[name].is_numeric())
    _refuse_unless((name, str(dtype), dtype == pl.Boolean) for name, dtype in others)


def _refuse_unless(columns: Iterable[tuple[str, str, bool]]) -> None:
    """Refuse columns that are not numeric: name, type, whether it is a type of numbers."""
    ContractError.refuse(
        Problem(dtype, "a numeric column", "encode categories", table="X", column=name)
        for name, dtype, numeric in columns
        if not numeric
    )


def _from_polars(X: pl.DataFrame) -> Matrix:
    features = X[[name for name in X.columns if name not in KEYS]]
    _refuse_types(features.schema, features.columns)
    people = X["person_id"].to_numpy() if "person_id" in X.columns else None
    if set(features.dtypes) - {pl.Float32}:
        features = features.cast(pl.Float32)
    values = features.to_numpy() if features.width else np.empty((X.height, 0), np.float32)
    return Matrix(tuple(features.columns), values, people)


def _from_pandas_or_numpy(X: PandasFrame | NDArray[np.generic]) -> Matrix:
    if issparse(X):
        raise ContractError(Problem("a sparse matrix", "a dense array or a frame", "call toarray()"))
    try:
        if not isinstance(X, np.ndarray) and hasattr(X, "columns"):
            return _from_pandas(X)
        return _from_numpy(np.asarray(X))
    except ContractError:
        raise
    except (TypeError, ValueError):
        raise ContractError(Problem("values that are not numbers", "numeric columns", "encode categories")) from None


def _from_pandas(X: PandasFrame) -> Matrix:
    _refuse_doubled(map(str, X.columns))
    columns = [name for name in X.columns if name not in KEYS]
    _refuse_unless(
        (str(name), f"{dtype}, not numbers", _counts(dtype))
        for name, dtype in zip(X.columns, X.dtypes, strict=True)
        if name in columns
    )
    keyed = "person_id" in X.columns
    people = X[["person_id"]].to_numpy(dtype=np.int64, na_value=-1).ravel() if keyed else None
    values = X[columns].to_numpy(dtype=np.float32, na_value=np.nan).astype(np.float32)
    return Matrix(tuple(map(str, columns)), values, people)


def _refuse_doubled(names: Iterable[str]) -> None:
    expected, remedy = "one of each name", "rename them or leave them out"
    ContractError.refuse(
        Problem(f"{number_of(count, 'column')} of that name", expected, remedy, table="X", column=name)
        for name, count in Counter(names).items()
        if count > 1
    )


def _counts(dtype: object) -> bool:
    """Whether a type of pandas holds real numbers or truth values; its own types say so by the kind of numpy's."""
    return getattr(dtype, "kind", "O") in "biuf"


def _from_numpy(X: NDArray[np.generic]) -> Matrix:
    if X.ndim != 2:
        found, remedy = f"an array of {number_of(X.ndim, 'dimension')}", "pass one row an index date. Reshape your data"
        raise ContractError(Problem(found, "rows and columns", remedy))
    if np.iscomplexobj(X):
        raise ContractError(Problem("Complex data not supported", "real numbers", "take the parts that you mean"))
    if X.dtype.kind in "USMm":
        raise ContractError(Problem(f"an array of {X.dtype}", "an array of numbers", "encode categories and dates"))
    return Matrix(tuple(f"x{column}" for column in range(X.shape[1])), X.astype(np.float32))


def _column_problems(found: Sequence[str], expected: Sequence[str], *, others_allowed: bool) -> Iterator[Problem]:
    if missing := [name for name in expected if name not in found]:
        yield Problem(
            f"missing columns: {', '.join(missing)}",
            f"the {number_of(len(expected), 'column')} of the fit",
            "build the features from the same declarations",
            table="X",
        )
    if unexpected := [] if others_allowed else [name for name in found if name not in expected]:
        yield Problem(
            f"unexpected columns: {', '.join(unexpected)}",
            f"the {number_of(len(expected), 'column')} of the fit",
            "leave them out or fit again",
            table="X",
        )


def _infinite(matrix: Matrix) -> Iterator[Problem]:
    """Look for infinite values in the columns that have no finite sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        suspects = np.flatnonzero(~np.isfinite(matrix.values.sum(axis=0)))
    for name, column in ((matrix.names[number], matrix.values[:, number]) for number in suspects):
        if np.isinf(column).any():
            yield Problem(
                "infinite values",
                "finite numbers, or null where not observed",
                "correct the feature",
                table="X",
                column=name,
            )
