"""What was followed, on disk, so that next year's run compares with it.

In: follow-ups and a path. Out: JSON with a schema version, written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from riskstrat.declare import Indicator
from riskstrat.declare.base import from_plain
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.files import read_document, write_document
from riskstrat.indicators.expecting import SCHEMA as EXPECTED
from riskstrat.indicators.rows import schema
from riskstrat.records.follow_up import FollowUp

VERSION = 1
_FORMAT = "riskstrat follow-up"
_DIGITS = 4


@checked
def save_follow_up(followed: Sequence[FollowUp], path: Path | str) -> Path:
    """Write what was followed as JSON; an earlier one at the path is replaced, anything else is refused.

    Parameters
    ----------
    followed
        What `follow` returned, of any number of indicators. Only what comes from protected counts may leave; the file
        says which does.
    path
        The file.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        If something else is at the path.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [each.indicator.name for each in read_follow_up(save_follow_up([followed], Path(folder, "2024.json")))]
    ['understood']
    """
    return write_document(path, _FORMAT, VERSION, {"followed": [_plain(each) for each in followed]})


@checked
def read_follow_up(path: Path | str) -> tuple[FollowUp, ...]:
    """Read back what `save_follow_up` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    tuple of FollowUp

    Raises
    ------
    ContractError
        If the file is something else, or of another version.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     read_follow_up(save_follow_up([followed], Path(folder, "2024.json")))[0].measured.equals(followed.measured)
    True
    """
    content = read_document(path, _FORMAT, VERSION, "save_follow_up")
    return tuple(_from_plain(each) for each in content["followed"])


@checked
def compare(before: FollowUp, now: FollowUp) -> pl.DataFrame:
    """Hold what is against what was expected without action.

    Parameters
    ----------
    before, now
        The same indicator, followed earlier and now.

    Returns
    -------
    polars.DataFrame
        The grouping columns, year, ``expected`` with ``_lower`` and ``_upper`` (as said before), estimate, lower, upper
        (as measured now) and ``outcome``: ``better`` or ``worse`` where the estimate lies outside what was expected,
        ``as expected``, or null where there is no number. Action is one reason of several for a difference.

    Raises
    ------
    UsageError
        If they are not of one indicator with the same groups.

    Examples
    --------
    >>> compare(followed, followed).height
    0
    """
    if before.indicator != now.indicator or before.by != now.by:
        raise UsageError(
            Problem(
                "two indicators, or one by other groups",
                "the same indicator declared alike",
                "follow it again with the declaration that was saved",
            )
        )
    keys = [*before.by, "year"]
    said = before.expected.rename({"estimate": "expected", "lower": "expected_lower", "upper": "expected_upper"})
    found = said.join(now.measured.select(*keys, "estimate", "lower", "upper"), on=keys, maintain_order="left")
    below, above = ("better", "worse") if now.indicator.wanted == "lower" else ("worse", "better")
    known = pl.col("estimate").is_not_null() & pl.col("expected").is_not_null()
    outcome = (
        pl.when(~known)
        .then(None)
        .when(pl.col("estimate") < pl.col("expected_lower"))
        .then(pl.lit(below))
        .when(pl.col("estimate") > pl.col("expected_upper"))
        .then(pl.lit(above))
        .otherwise(pl.lit("as expected"))
    )
    return found.with_columns(outcome=outcome)


@checked
def expectations(followed: Sequence[FollowUp], earlier: Sequence[FollowUp] = ()) -> tuple[FollowUp, ...]:
    """Keep what is expected, and what was before, of what comes from protected counts: for `save_follow_up`.

    Parameters
    ----------
    followed
        What was followed now.
    earlier
        What an earlier run kept: its years that are not expected anew stay, of indicators of the same declaration.

    Returns
    -------
    tuple of FollowUp
        Without what was measured, which a study releases under its own rule; of the expected four significant digits.

    Examples
    --------
    >>> expectations([followed])  # from exact counts
    ()
    """
    before = {(each.indicator, each.by): each.expected for each in earlier}
    return tuple(
        replace(each, measured=each.measured.clear(), compared=None, expected=_all_years(each, before))
        for each in followed
        if each.protected
    )


def _all_years(now: FollowUp, before: Mapping[tuple[Indicator, tuple[str, ...]], pl.DataFrame]) -> pl.DataFrame:
    said = before.get((now.indicator, now.by), now.expected.clear())
    found = pl.concat([said.join(now.expected, on="year", how="anti"), now.expected], how="vertical_relaxed")
    return found.with_columns(pl.selectors.float().round_sig_figs(_DIGITS))


def _plain(followed: FollowUp) -> dict[str, Any]:
    return {
        "indicator": followed.indicator.to_plain(),
        "as_of": followed.as_of.isoformat(),
        "by": list(followed.by),
        "measured": followed.measured.to_dicts(),
        "expected": followed.expected.to_dicts(),
        "assumption": followed.assumption.to_plain(),
        "protected": followed.protected,
    }


def _from_plain(content: dict[str, Any]) -> FollowUp:
    by = tuple(content["by"])
    expected = {**dict.fromkeys(by, pl.String), **EXPECTED}
    read: dict[str, Any] = {
        **content,
        "indicator": from_plain(content["indicator"]),
        "as_of": date.fromisoformat(content["as_of"]),
        "by": by,
        "measured": pl.DataFrame(content["measured"], schema=schema(by)),
        "expected": pl.DataFrame(content["expected"], schema=expected),
        "assumption": from_plain(content["assumption"]),
    }
    return FollowUp(**read)
