"""Pilots: what is seen before the outcome answers, and the rule for stop, extend and scale."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.declare.durations import Duration

Decision = Literal["stop", "extend", "scale"]
OpenShare = Annotated[float, Field(gt=0.0, lt=1.0)]
CASES = "cases"
"""The outcome that the programme is to prevent; process outcomes have other names."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class ProcessOutcome(Declaration):
    """What a programme changes first, where the outcome takes years: taking part, a visit, a habit.

    Parameters
    ----------
    name
        Short name without spaces, not ``"cases"``.
    title
        What is counted, as reports say it.
    share_without
        Share of a unit's people in whom it is seen without the programme.
    share_with
        The same in a unit that has begun: low, expected and high; all above `share_without`, or all below.
    answers_after
        Time from a unit's start until it is seen.
    spread
        Standard deviation of log shares among units.

    Examples
    --------
    >>> process = ProcessOutcome(
    ...     name="family_centre", title=LocalisedText(en="Visits to the family centre", sv="Besök på familjecentralen"),
    ...     share_without=0.2, share_with=(0.25, 0.3, 0.4), answers_after="180d",
    ... )
    >>> [round(ratio, 3) for ratio in process.ratios]
    [1.25, 1.5, 2.0]
    """

    name: Annotated[str, Field(min_length=1)]
    title: LocalisedText
    share_without: OpenShare
    share_with: tuple[OpenShare, OpenShare, OpenShare]
    answers_after: Duration
    spread: Annotated[float, Field(ge=0.0, le=2.0)] = 0.2

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.name == CASES:
            raise ValueError(f"a process outcome is not called {CASES}, which is the outcome itself")
        if list(self.share_with) != sorted(self.share_with):
            raise ValueError("share_with must be (low, expected, high) in this order")
        if self.share_with[0] <= self.share_without <= self.share_with[2]:
            raise ValueError("share_with must lie on one side of share_without: say which way the programme works")
        return self

    @property
    def ratios(self) -> tuple[float, float, float]:
        """Shares with the programme over the share without."""
        low, expected, high = (share / self.share_without for share in self.share_with)
        return low, expected, high

    @property
    def is_wanted(self) -> bool:
        """Whether the programme is to make it more common."""
        return self.share_with[0] > self.share_without


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class PilotRule(Declaration):
    """When a pilot is stopped, extended or scaled; declared before it begins.

    Parameters
    ----------
    worthwhile
        Smallest relative reduction of all cases in a unit for which the programme is worth scaling.
    process_worthwhile
        Smallest relative change of the process outcome, in the direction that is wanted.
    scale_on_process
        Whether the process outcome alone may decide to scale; else it decides to stop or to extend only.
    level
        Of the interval that decides.

    Examples
    --------
    >>> rule = PilotRule(worthwhile=0.1)
    >>> rule.decide(0.2, (0.05, 0.33)), rule.decide(0.02, (-0.1, 0.08)), rule.decide(0.2, None)
    ('scale', 'stop', 'extend')
    """

    worthwhile: OpenShare = 0.1
    process_worthwhile: Annotated[float, Field(gt=0.0, le=10.0)] = 0.2
    scale_on_process: bool = False
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95

    def decide(self, gain: float, limits: tuple[float, float] | None, *, process: bool = False) -> Decision:
        """Decide by the relative gain and its interval; without an interval a pilot is extended."""
        if limits is None:
            return "extend"
        enough = self.process_worthwhile if process else self.worthwhile
        if limits[1] < enough:
            return "stop"
        shown = limits[0] > 0 and gain >= enough
        return "scale" if shown and (self.scale_on_process or not process) else "extend"

    @property
    def words(self) -> LocalisedText:
        """The rule as a planner reads it."""
        gain, process, level = (round(100 * each) for each in (self.worthwhile, self.process_worthwhile, self.level))
        en = "may decide to scale" if self.scale_on_process else "may decide to stop or extend, never to scale"
        sv = "avgöra uppskalning" if self.scale_on_process else "avgöra stopp eller förlängning, aldrig uppskalning"
        return LocalisedText(
            en=f"Scale if the {level} % interval excludes no effect and the estimate is at least {gain} % fewer "
            f"cases. Stop if even the most favourable end of the interval is below {gain} %. Extend otherwise, and "
            f"where there is no interval. For a process outcome the limit is a change of {process} %; it alone {en}.",
            sv=f"Skala upp om {level}-procentsintervallet utesluter att insatsen saknar effekt och skattningen är "
            f"minst {gain} % färre insjuknanden. Stoppa om även intervallets gynnsammaste ände är under {gain} %. "
            f"Förläng annars, och när det inte finns något intervall. För ett processmått är gränsen en förändring på "
            f"{process} %; det ensamt får {sv}.",
        )
