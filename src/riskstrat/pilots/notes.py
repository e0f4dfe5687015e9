"""What a pilot can show and has shown, in sentences of both languages.

In: designs and results. Out: the same with notes.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.declare.pilot import CASES, Decision
from riskstrat.records.pilot import PilotDesign

DECISIONS: dict[Decision, LocalisedText] = {
    "stop": LocalisedText(en="By the rule: stop.", sv="Enligt regeln: stoppa."),
    "extend": LocalisedText(en="By the rule: extend.", sv="Enligt regeln: förläng."),
    "scale": LocalisedText(en="By the rule: scale.", sv="Enligt regeln: skala upp."),
}
INVERSION = LocalisedText(
    en="The interval inverts the randomisation test, which is exact only at no effect; elsewhere it is approximate.",
    sv="Intervallet är en omvändning av randomiseringstestet, som är exakt bara vid ingen effekt; i övrigt är det "
    "ungefärligt.",
)


def design_notes(design: PilotDesign) -> PilotDesign:
    """Add the sentences that are told before the start."""
    notes = [few_allocations(design)] if design.least_p > 1 - design.rule.level else []
    notes += [_chance(design, outcome) for outcome in design.outcomes["outcome"]]
    if design.left_out:
        notes.append(
            LocalisedText(
                en="One unit found no partner and does not take part: " + ", ".join(design.left_out) + ".",
                sv="En enhet fick ingen att jämföras med och deltar inte: " + ", ".join(design.left_out) + ".",
            )
        )
    return replace(design, notes=(*notes, design.rule.words))


def few_allocations(design: PilotDesign) -> LocalisedText:
    """Say that chance could decide in too few ways for an interval."""
    level, least = round(100 * design.rule.level), f"{design.least_p:.3g}"
    return LocalisedText(
        en=f"Chance could decide in {design.allocations} ways only: the least two-sided p is {least}, so nothing can "
        f"be shown at {level} % and there is no interval. Six pairs are the fewest at 95 %.",
        sv=f"Lotten kan falla på bara {design.allocations} sätt: minsta möjliga tvåsidiga p-värde är "
        f"{least.replace('.', ',')}, så inget kan visas på {level}-procentsnivån och inget intervall ges. Sex par är "
        "det minsta antalet vid 95 %.",
    )


def _chance(design: PilotDesign, outcome: str) -> LocalisedText:
    row = design.chance.row(by_predicate=(pl.col("outcome") == outcome) & (pl.col("effect") == "point"), named=True)
    answered = design.outcomes.filter(pl.col("outcome") == outcome)["answered_on"].item()
    seen = round(100 * row["probability"])
    title = outcome_title(design, outcome)
    return LocalisedText(
        en=f"{title.en}: if the programme does what is assumed (ratio {row['ratio']:.2f}), the pilot shows it with a "
        f"probability of {seen} %, on {answered} at the earliest.",
        sv=f"{title.sv}: om insatsen gör det som antas (kvot {_comma(row['ratio'])}) visar pilotstudien det med "
        f"sannolikheten {seen} %, tidigast {answered}.",
    )


def outcome_title(design: PilotDesign, outcome: str) -> LocalisedText:
    """Name an outcome as a reader knows it."""
    if outcome == CASES or design.process is None:
        return LocalisedText(en="Cases", sv="Insjuknanden")
    return design.process.title


def result(
    design: PilotDesign, outcome: str, ratio: float, limits: tuple[float, float] | None, p: float
) -> LocalisedText:
    """Say the ratio, its interval and p."""
    title, level = outcome_title(design, outcome), round(100 * design.rule.level)
    en = "" if limits is None else f" ({level} % interval {_point(limits[0])} to {_point(limits[1])})"
    sv = "" if limits is None else f" ({level}-procentsintervall {_comma(limits[0])}–{_comma(limits[1])})"
    return LocalisedText(
        en=f"{title.en}: {_point(ratio)} times as many as without the programme{en}; p = {p:.2g} by randomisation.",
        sv=f"{title.sv}: {_comma(ratio)} gånger så många som utan insatsen{sv}; p = {_comma(p, '.2g')} enligt "
        "randomiseringstestet.",
    )


def _point(number: float, form: str = ".2f") -> str:
    return "∞" if number == float("inf") else format(number, form)


def _comma(number: float, form: str = ".2f") -> str:
    return _point(number, form).replace(".", ",")
