"""Tables of groups that are no areas: levels with their areas, reasons and people; and people wherever they live."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from riskstrat.disclosure import CASES, DIGITS, ByInterval, Figures, Table
from riskstrat.publication.areas import inequality
from riskstrat.records.area_results import AreaResults
from riskstrat.records.levels import LevelEstimates, PeopleGroups

_INTERVALS = ("expected_cases", "risk", "relative_risk")
_OF_ALL = ("level", "group")
_COUNTED = ("target_people", "cases", "index_dates")


def group_tables(results: AreaResults) -> dict[str, Table]:
    """Give tables of levels, ``people_groups`` and, of those that are ranked, ``people_inequality``."""
    ranked = [_crossed(one, one.inequality) for one in results.people if one.inequality is not None]
    crossed = [_crossed(one, one.table) for one in results.people]
    return {
        **_level_tables(results.levels, results.profile),
        **({"people_groups": _people(pl.concat(crossed))} if crossed else {}),
        **({"people_inequality": inequality(pl.concat(ranked), results.estimates)} if ranked else {}),
    }


def _level_tables(levels: Sequence[LevelEstimates], profile: pl.DataFrame | None) -> dict[str, Table]:
    """Give ``levels``, ``level_members``, ``level_reasons`` and ``profile``; all are from protected counts.

    Shares of the profile have one significant figure and means two: more would tell the count behind them.
    """
    found = {} if profile is None else {"profile": _profile(profile)}
    if not levels:
        return found
    return {
        "levels": _estimates(_all(levels, lambda one: one.table)),
        "level_members": Table(
            _all(levels, lambda one: one.members), dimensions=(*_OF_ALL, "area_id"), counts=("people",)
        ),
        "level_reasons": _reasons(_all(levels, lambda one: one.reasons)),
        **found,
    }


def _all(levels: Sequence[LevelEstimates], frame_of: Callable[[LevelEstimates], pl.DataFrame]) -> pl.DataFrame:
    named = [frame_of(one).select(pl.lit(one.level.name).alias("level"), pl.all()) for one in levels]
    return pl.concat(named, how="diagonal")


def _estimates(frame: pl.DataFrame) -> Table:
    counted = [name for name in ("cases", "index_dates") if name in frame.columns]
    shown = [f"{name}{end}" for name in _INTERVALS for end in ("", "_lower", "_upper")]
    frame = frame.drop("persons", "case_persons", strict=False)
    return Table(
        frame,
        dimensions=_OF_ALL,
        counts=("target_people", *counted),
        public=("areas",),
        derived=dict.fromkeys([*shown, "class", *(["expected"] if counted else [])], ("target_people", *counted)),
        digits={
            **{name: ByInterval(f"{name}_lower", f"{name}_upper") for name in _INTERVALS},
            **({"expected": CASES} if counted else {}),
        },
    )


def _reasons(frame: pl.DataFrame) -> Table:
    numbers = ("estimate", "lower", "upper")
    return Table(frame, dimensions=(*_OF_ALL, "part"), public=numbers, digits=dict.fromkeys(numbers, Figures(DIGITS)))


def _profile(frame: pl.DataFrame) -> Table:
    numbers = [
        pl.when("is_share").then(pl.col(name).round_sig_figs(1)).otherwise(pl.col(name).round_sig_figs(2)).alias(name)
        for name in ("mean", "everybody")
    ]
    return Table(
        frame.with_columns(numbers),
        dimensions=(*_OF_ALL, "feature"),
        unshown=("people",),
        public=("everybody", "is_share"),
        derived={"mean": "people"},
        digits=dict.fromkeys(("mean", "everybody"), Figures(2)),
    )


def _crossed(one: PeopleGroups, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.lit(" x ".join(one.by)).alias("by"), pl.all())


def _people(frame: pl.DataFrame) -> Table:
    drawn = ("risk", "expected_cases", "share_of_cases")
    return Table(
        frame,
        dimensions=("by", "group"),
        counts=_COUNTED,
        derived=dict.fromkeys((name for name in frame.columns[2:] if name not in _COUNTED), _COUNTED),
        digits={
            "share_of_people": Figures(2),
            **{name: ByInterval(f"{name}_lower", f"{name}_upper") for name in drawn},
        },
    )
