"""Which features have no value much more often in some groups in, sentences for the reader out."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import polars as pl

from riskstrat.declare import Condition, LocalisedText
from riskstrat.validation import depends_on
from riskstrat.validation.missingness import LANDMARK, OUTCOME

MOST_NAMED: Final = 5
"""Features that a sentence names; further ones are counted."""

_GROUP = "group"
_DEPENDS = MappingProxyType(
    {
        OUTCOME: LocalisedText(
            en="Who had the outcome had a value far more, or far less, often than who had it not: {features}. A model "
            "may have learnt who was examined.",
            sv="De som fick utfallet hade en uppgift mycket oftare, eller mycket mer sällan, än de andra: {features}. "
            "Modellen kan ha lärt sig vilka som undersöktes.",
        ),
        LANDMARK: LocalisedText(
            en="At some index dates a value is far more often known than at others: {features}. Risks of different "
            "years rest on different knowledge.",
            sv="Vid vissa indexdatum är en uppgift känd mycket oftare än vid andra: {features}. Risker från olika år "
            "vilar på olika kunskap.",
        ),
        _GROUP: LocalisedText(
            en="Of some groups of people a value is far more often known than of others: {features}. Where it is not, "
            "risks say less.",
            sv="För vissa grupper av människor är en uppgift känd mycket oftare än för andra: {features}. Där den "
            "saknas säger riskerna mindre.",
        ),
    }
)


def missing_notes(table: pl.DataFrame, condition: Condition) -> Iterator[LocalisedText]:
    """Say of which declared features the gaps go strongly with the outcome, the landmark or a group."""
    labels = {feature.column: feature.called for feature in condition.features}
    found = depends_on(table).filter(pl.col("feature").is_in(list(labels)))
    kind = pl.when(pl.col("by").is_in([OUTCOME, LANDMARK])).then("by").otherwise(pl.lit(_GROUP))
    for by, text in _DEPENDS.items():
        of_kind = found.filter(kind == by).unique("feature", keep="first", maintain_order=True)
        named = of_kind.unique(["lowest", "highest"], keep="first", maintain_order=True)["feature"][:MOST_NAMED]
        if len(named):
            yield LocalisedText(
                en=text.en.format(features=_listed([labels[name].en for name in named], of_kind.height, "and {} more")),
                sv=text.sv.format(features=_listed([labels[name].sv for name in named], of_kind.height, "och {} till")),
            )


def _listed(names: list[str], features: int, further: str) -> str:
    more = [further.format(features - len(names))] if features > len(names) else []
    return "; ".join([*names, *more])
