"""Levels at which results are told beside areas: municipalities, care centres, districts."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.errors import indistinguishable, repeated


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Level(Declaration):
    """Groups of people that somebody is responsible for, so that each can read about their own.

    Parameters
    ----------
    name
        ``municipality``, ``parent_id`` (the larger area) or ``care_centre_id``, which registers tell; or any other
        name, with `areas`.
    title
        What one such group is called, such as "home-care district".
    areas
        Pairs of an area's code and the group that it belongs to; every area once. Where it is left out, registers tell.

    Examples
    --------
    >>> districts = (("9981C1000", "North"), ("9981C1010", "South"))
    >>> Level(name="home_care", title=LocalisedText(en="home-care district", sv="hemtjänstdistrikt"), areas=districts)
    Level(home_care)
    """

    name: Annotated[str, Field(pattern=r"^\w[\w -]*$")]
    title: LocalisedText
    areas: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="after")
    def _every_area_is_in_one_group(self) -> Self:
        if twice := repeated(code for code, _ in self.areas):
            raise ValueError(f"areas come twice in level {self.name}: {', '.join(twice)}")
        if alike := indistinguishable(group for _, group in self.areas):
            raise ValueError(f"groups of level {self.name} that look like another, or like nothing: {len(alike)}")
        if self.areas and len({group for _, group in self.areas}) < 2:
            raise ValueError(f"level {self.name} has a single group: give at least two")
        return self

    def __repr__(self) -> str:
        return f"Level({self.name})"


REGISTER_LEVELS = (
    Level(name="municipality", title=LocalisedText(en="municipality", sv="kommun")),
    Level(name="parent_id", title=LocalisedText(en="larger area", sv="större område")),
    Level(name="care_centre_id", title=LocalisedText(en="care centre", sv="vårdcentral")),
)
"""What registers may tell, the largest first."""
