"""Standard populations: the mix of ages that directly standardised rates are brought to.

In: labels of age bands. Out: how many of the standard are in each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import AGE_BAND

EUROPE_2013: Final = MappingProxyType(
    {"0": 1000, "1-4": 4000, "5-9": 5500, "10-14": 5500, "15-19": 5500, "20-24": 6000, "25-29": 6000, "30-34": 6500}
    | dict.fromkeys(("35-39", "40-44", "45-49", "50-54"), 7000)
    | {"55-59": 6500, "60-64": 6000, "65-69": 5500, "70-74": 5000, "75-79": 4000, "80-84": 2500, "85-89": 1500}
    | {"90-94": 800, "95+": 200}
)
"""European standard population 2013, of both sexes alike (Eurostat, Revision of the European Standard Population)."""

SWEDEN_2000: Final = MappingProxyType(
    {"0": 89_540.5, "1-4": 373_742.5, "5-9": 596_961, "10-14": 575_005.5, "15-19": 506_636, "20-24": 518_546.5}
    | {"25-29": 593_658.5, "30-34": 634_586, "35-39": 621_853, "40-44": 585_463, "45-49": 586_001.5, "50-54": 648_199.5}
    | {"55-59": 573_274.5, "60-64": 436_920, "65-69": 379_735.5, "70-74": 364_024.5, "75-79": 343_439}
    | {"80-84": 241_047, "85-89": 139_411.5, "90-94": 52_753, "95+": 11_310.5}
)
"""Sweden's mean population of 2000, of both sexes: half of 31 December 1999 and of 2000 each (Statistics Sweden,
population by one-year age classes)."""

STANDARDS: Final = MappingProxyType({"europe_2013": EUROPE_2013, "sweden_2000": SWEDEN_2000})

OLDEST: Final = 130
_BAND: Final = re.compile(r"\s*(\d+)\s*(?:[-\u2013]\s*(\d+)|(\+))?\s*")


@checked
def standard_population(
    age_bands: Sequence[str],
    standard: Literal["europe_2013", "sweden_2000"] | pl.DataFrame = "europe_2013",
    *,
    sexes: Sequence[str] = (),
) -> pl.DataFrame:
    """Divide a standard population into the age bands of one's own counts.

    Parameters
    ----------
    age_bands
        Labels such as ``"0"``, ``"1-4"``, ``"40-44"``, ``"90+"``, in any order, each age in one band at most. They need
        not reach over all ages: a rate among people of 70 and above is standardised to the standard's 70 and above.
    standard
        Europe's of 2013, Sweden's mean population of 2000, or a table of one's own with ``age_band`` and ``people``,
        such as Sweden's mean population of another year.
    sexes
        With labels the rows are repeated for each, so that sexes count alike.

    Returns
    -------
    polars.DataFrame
        ``age_band`` (``sex``) and ``people``, in the order of the labels. Where a band of the standard is cut, its
        people are spread evenly over its years of age; an open band cannot be cut.

    Raises
    ------
    UsageError
        If a label is no age band, bands overlap, or the standard does not reach over them or would have to be cut in
        its open band; all problems at once.

    References
    ----------
    Eurostat, Revision of the European Standard Population, 2013. Statistics Sweden, population by age, 31 December 1999
    and 2000.

    Examples
    --------
    >>> standard_population(["0-4", "5-17", "18-64", "90+"])["people"].to_list()
    [5000.0, 14300.0, 61200.0, 1000.0]
    >>> standard_population(["0-64", "65+"], "sweden_2000")["people"].to_list()
    [7340388.0, 1531721.0]
    """
    given = _named(standard) if isinstance(standard, str) else standard
    UsageError.refuse(_table_problems(given))
    wanted, known = ([ages_of(label) for label in labels] for labels in (age_bands, given[AGE_BAND].to_list()))
    UsageError.refuse([*_band_problems(age_bands, wanted), *_band_problems(given[AGE_BAND].to_list(), known)])
    by_age = np.full(OLDEST, np.nan)
    for ages, people in zip(known, given["people"].to_list(), strict=True):
        if ages is not None:
            by_age[slice(*ages)] = people / (ages[1] - ages[0])
    UsageError.refuse(_reach_problems(age_bands, wanted, known, by_age))
    people = [round(float(by_age[slice(*ages)].sum()), 6) for ages in wanted if ages is not None]
    frame = pl.DataFrame({AGE_BAND: list(age_bands), "people": people})
    return frame.join(pl.DataFrame({"sex": list(sexes)}), how="cross") if sexes else frame


def _named(standard: str) -> pl.DataFrame:
    bands = STANDARDS[standard]
    return pl.DataFrame({AGE_BAND: list(bands), "people": [float(people) for people in bands.values()]})


def ages_of(label: str) -> tuple[int, int] | None:
    """First age of a band and the first one above it (130 of an open one); None where the label is no age band.

    Examples
    --------
    >>> ages_of("1-4"), ages_of("7"), ages_of("90+"), ages_of("all")
    ((1, 5), (7, 8), (90, 130), None)
    """
    found = _BAND.fullmatch(label)
    if found is None:
        return None
    first, last, is_open = found.groups()
    end = OLDEST if is_open else int(last or first) + 1
    return (int(first), end) if int(first) < end <= OLDEST else None


def _table_problems(standard: pl.DataFrame) -> list[Problem]:
    expected, remedy = "age_band (text) and people (numbers of at least 0, not all 0)", "correct the table"
    wrong = [name for name in (AGE_BAND, "people") if name not in standard.columns]
    found = f"no column {' and no column '.join(wrong)}" if wrong else ""
    if not wrong and (standard[AGE_BAND].dtype != pl.String or standard[AGE_BAND].null_count()):
        found = "age bands that are no text"
    elif not wrong and not standard["people"].dtype.is_numeric():
        found = "people that are no numbers"
    elif not wrong and not (standard["people"].is_finite() & (standard["people"] >= 0)).fill_null(value=False).all():
        found = "people below 0 or no numbers"
    return [Problem(found, expected, remedy, table="standard")] if found else []


def _band_problems(labels: Sequence[str], ages: Sequence[tuple[int, int] | None]) -> list[Problem]:
    wrong = [label for label, found in zip(labels, ages, strict=True) if found is None]
    if wrong or not labels:
        found = f"no age bands: {', '.join(wrong)}" if wrong else "no age band"
        return [Problem(found, 'labels such as "7", "40-44" and "90+"', "correct the labels")]
    ordered = sorted(pair for pair in ages if pair is not None)
    twice = sum(start < end for (_, end), (start, _) in pairwise(ordered))
    found = f"{twice} age bands that begin within another"
    return [Problem(found, "each age in one band", "correct the labels")] if twice else []


def _reach_problems(
    labels: Sequence[str],
    wanted: Sequence[tuple[int, int] | None],
    known: Sequence[tuple[int, int] | None],
    by_age: NDArray[np.float64],
) -> list[Problem]:
    """List the bands that the standard does not reach over, or that begin or end within its open band."""
    open_from = max((pair[0] for pair in known if pair is not None and pair[1] == OLDEST), default=OLDEST)
    wrong = [
        label
        for label, pair in zip(labels, wanted, strict=True)
        if pair is not None
        and (
            np.isnan(by_age[slice(*pair)]).any() or (pair[1] > open_from and (pair[0] > open_from or pair[1] < OLDEST))
        )
    ]
    expected = f"bands that the standard knows; its open one begins at {open_from}"
    remedy = "join bands, or give a standard that knows them"
    return [Problem(f"bands outside the standard: {', '.join(wrong)}", expected, remedy)][: len(wrong)]
