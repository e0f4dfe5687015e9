"""``riskstrat conditions`` and ``riskstrat describe``: what can be asked, and what it means."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from riskstrat import conditions
from riskstrat.cli.options import LanguageOption
from riskstrat.cli.terminal import answer


def list_conditions(*, language: LanguageOption = "en") -> None:
    """List the conditions that ship; those marked * are run when `run` names none."""
    titles = {name: conditions.load(name).title.in_language(language) for name in conditions.available()}
    data = [{"name": name, "title": titles[name], "standard": name in conditions.STANDARD} for name in titles]
    lines = [f"{'*' if name in conditions.STANDARD else ' '} {name:<20} {title}" for name, title in titles.items()]
    answer(data, lines, always=True)


def describe(
    condition: Annotated[str, typer.Argument(help="Name of a condition, or the path of your own.")],
    *,
    language: LanguageOption = "en",
) -> None:
    """Say what a condition asks: who, from when, for how long, from which registers and by which codes.

    With --json it is what `Condition.from_json` reads back.
    """
    from riskstrat.declare.description import describe as described

    found = conditions.load(condition)
    answer(json.loads(found.to_json()), [described(found, language)], always=True)
