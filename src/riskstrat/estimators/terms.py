"""Feature columns in, the terms of a linear model out: how each column enters, with knots and fill values.

Each term belongs to the columns it is computed from, so that contributions can be added up per original column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy
from scipy.sparse import csr_array

from riskstrat.numerics.splines import KNOT_QUANTILES, spline_term

AGE_AND_SEX: Final = "age and sex"
FACTORS: Final = "factors"
NOT_OBSERVED: Final = "not observed"
MISSING: Final = ": not observed"

SKEWED: Final = 1.0
"""A column that is never negative and more skewed than this enters as log(1 + x): counts, doses, incomes."""

Shape: TypeAlias = Callable[[Sequence[NDArray[np.float64]], tuple[float, ...]], NDArray[np.float64]]


@dataclass(frozen=True)
class Term:
    """One column of the design: a shape of `SHAPES` of columns of the features (a product has two), or "missing".

    Values that were not observed are replaced by `fill`, one a column; parameters are knots; a block shares one ridge.
    Values beyond `limits`, those of the training rows, are read as the limit: what a line says outside them nobody has
    seen (the years that a register covers grow from each landmark to the next).
    """

    label: str
    shape: str
    columns: tuple[int, ...]
    fill: tuple[float, ...]
    limits: tuple[tuple[float, float], ...] = ((-np.inf, np.inf),)
    parameters: tuple[float, ...] = ()
    block: str = FACTORS

    def values(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Compute the term for rows of the feature matrix, shape (rows,)."""
        own = [X[:, column] for column in self.columns[: len(self.fill)]]
        if self.shape == "missing":
            return np.isnan(own[0]).astype(np.float64)
        observed = [_observed(*each) for each in zip(own, self.fill, self.limits, strict=True)]
        return SHAPES[self.shape](observed, self.parameters)


@dataclass(eq=False)
class Tally:
    """A term that keeps sums of what it gives, by group of the rows and, times its coefficient, by row."""

    term: Term
    coefficient: float
    group: NDArray[np.intp]
    totals: NDArray[np.float64]
    sums: NDArray[np.float64]
    seen: int = 0

    def values(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Compute the term for the rows that come after those seen before."""
        column, rows = self.term.values(X), slice(self.seen, self.seen + len(X))
        self.sums += np.bincount(self.group[rows], weights=column, minlength=len(self.sums))
        daxpy(column, self.totals[rows], a=self.coefficient)
        self.seen = rows.stop
        return column


def design(terms: Sequence[Term], X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute all terms for rows of the feature matrix, shape (rows, terms), column by column as they lie in memory."""
    values = np.empty((len(X), len(terms)), order="F")
    for number, term in enumerate(terms):
        values[:, number] = term.values(X)
    return values


def _observed(column: NDArray[np.float32], fill: float, limits: tuple[float, float]) -> NDArray[np.float64]:
    """Keep values within their limits, and put the fill value where there is none."""
    values, low, high = column.astype(np.float64), column.min(initial=np.inf), column.max(initial=-np.inf)
    if not (low >= limits[0] and high <= limits[1]):
        np.clip(values, *limits, out=values)
    if np.isnan(low):
        np.copyto(values, fill, where=np.isnan(column))
    return values


def shares(terms: Sequence[Term], number_of_columns: int) -> csr_array:
    """How a term's contribution is shared among its columns, shape (terms, columns); each row sums to 1.

    Sparse: nearly every term belongs to one column, and adding up by columns must not cost a product of matrices.
    """
    rows = np.repeat(np.arange(len(terms)), [len(term.columns) for term in terms])
    columns = [column for term in terms for column in term.columns]
    parts = [1 / len(term.columns) for term in terms for _ in term.columns]
    return csr_array((parts, (rows, columns)), shape=(len(terms), number_of_columns))


def linear_terms(
    X: NDArray[np.float32], names: Sequence[str], age: str, sex: str, *, curved: bool = True
) -> tuple[Term, ...]:
    """Terms of main effects: a spline for age, log(1 + x) for skewed columns, an indicator of what was not observed.

    Where they are not to be curved, every column is a term as it is.
    """
    blocks = {age: AGE_AND_SEX, sex: AGE_AND_SEX}
    terms: list[Term] = []
    for column, name in enumerate(names):
        observed = X[:, column][~np.isnan(X[:, column])].astype(np.float64)
        block = blocks.get(name, FACTORS)
        terms += _column_terms(observed, name, column, curved=curved, spline=curved and name == age, block=block)
        if len(observed) < len(X):
            terms.append(Term(f"{name}{MISSING}", "missing", (column,), (0.0,), block=NOT_OBSERVED))
    return tuple(terms)


def joined_where_missing(terms: Sequence[Term], X: NDArray[np.float32]) -> tuple[Term, ...]:
    """Make one term of the indicators of columns that are not observed in the same rows, which no data tell apart."""
    joined: dict[bytes | str, Term] = {}
    for term in terms:
        key: bytes | str = term.label
        if term.shape == "missing":
            key = np.packbits(np.isnan(X[:, term.columns[0]])).tobytes()
        first = joined.get(key)
        label = term.label if first is None else f"{first.label.removesuffix(MISSING)}, {term.label}"
        columns = term.columns if first is None else first.columns + term.columns
        joined[key] = replace(term, label=label, columns=columns)
    return tuple(joined.values())


def age_sex_terms(X: NDArray[np.float32], names: Sequence[str], age: str, sex: str) -> tuple[Term, ...]:
    """Terms of the age and sex model: main effects, and where both are there their product."""
    terms = linear_terms(X, names, age, sex)
    first: dict[str, Term] = {names[term.columns[0]]: term for term in reversed(terms) if term.shape == "linear"}
    if age not in first or sex not in first:
        return terms
    pair = (first[age], first[sex])
    columns, fill = tuple(term.columns[0] for term in pair), tuple(term.fill[0] for term in pair)
    limits = tuple(term.limits[0] for term in pair)
    return (*terms, Term(f"{age} x {sex}", "product", columns, fill, limits, block=AGE_AND_SEX))


def _column_terms(
    observed: NDArray[np.float64], name: str, column: int, *, curved: bool, spline: bool, block: str
) -> Iterator[Term]:
    fill = (rounded(float(np.median(observed))),)
    low, high = float(observed.min()), float(observed.max())
    if low == high:
        return
    limits = (outer_limits(low, high),)
    if curved and not spline and is_skewed_amount(observed):
        yield Term(f"log(1 + {name})", "log", (column,), fill, limits, block=block)
        return
    yield Term(name, "linear", (column,), fill, limits, block=block)
    if spline and not _is_binary(observed):
        for number, knots in enumerate(_knots(observed), start=2):
            yield Term(f"{name}: spline {number}", "spline", (column,), fill, limits, knots, block)


def _knots(observed: NDArray[np.float64]) -> list[tuple[float, ...]]:
    """Knots of each curved basis function: its own, the last but one and the last, and the first (for the scale)."""
    knots = sorted({rounded(float(knot)) for knot in np.quantile(observed, KNOT_QUANTILES)})
    return [(knot, knots[-2], knots[-1], knots[0]) for knot in knots[:-2]]


def rounded(value: float) -> float:
    """Round to three digits, so that a knot or a fill value is nobody's own value.

    Examples
    --------
    >>> rounded(183_456.0)
    183000.0
    """
    return float(f"{value:.3g}")


def outer_limits(low: float, high: float) -> tuple[float, float]:
    """Round outwards to three digits of the larger, so that no limit is somebody's own value."""
    step = 10.0 ** (np.floor(np.log10(max(abs(low), abs(high)))) - 2)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def is_skewed_amount(observed: NDArray[np.float64]) -> bool:
    """Whether values are never negative, more than two, and more skewed than `SKEWED`: counts, doses, incomes."""
    return bool(observed.min() >= 0) and not _is_binary(observed) and _skewness(observed) > SKEWED


def _is_binary(observed: NDArray[np.float64]) -> bool:
    return bool(((observed == observed.min()) | (observed == observed.max())).all())


def _skewness(values: NDArray[np.float64]) -> float:
    deviation = values - values.mean()
    squares = deviation * deviation  # a third power takes numpy ten times as long
    return float((squares * deviation).mean() / squares.mean() ** 1.5)


SHAPES: Final[Mapping[str, Shape]] = {
    "linear": lambda x, _: x[0],
    # Of values from 0 on, as its limits are. In the digits that features have; log1p takes five times as long.
    "log": lambda x, _: np.log(1 + x[0].astype(np.float32)).astype(np.float64),
    "spline": lambda x, knots: spline_term(x[0], *knots),
    "product": lambda x, _: x[0] * x[1],
}
