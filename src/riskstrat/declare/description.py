"""A condition as a text: who, from when, for how long, what is known of them, what is counted, and by which codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from riskstrat.declare.base import Declaration, Language, LocalisedText
from riskstrat.declare.condition import Condition
from riskstrat.declare.event_queries import EventQuery, event_queries, spell_out_codes
from riskstrat.declare.features import Feature
from riskstrat.declare.index import IndexKind
from riskstrat.declare.outcomes import OutcomeKind
from riskstrat.declare.population import HistoryRule
from riskstrat.declare.rows import values_text
from riskstrat.declare.windows import AnchoredWindow

HEADINGS = {
    "population": LocalisedText(en="Population", sv="Population"),
    "including": LocalisedText(en="Required", sv="Krävs"),
    "excluding": LocalisedText(en="Left out", sv="Uteslutna"),
    "index": LocalisedText(en="Index date", sv="Indexdatum"),
    "outcome": LocalisedText(en="Outcome", sv="Utfall"),
    "horizon": LocalisedText(en="Time at risk", sv="Risktid"),
    "features": LocalisedText(en="What is known before the index", sv="Vad som är känt före indexdatum"),
    "kinds": LocalisedText(en="What these features measure", sv="Vad dessa variabler mäter"),
    "codes": LocalisedText(en="Codes", sv="Koder"),
    "programmes": LocalisedText(en="Programmes", sv="Insatser"),
    "limits": LocalisedText(en="Limits", sv="Begränsningar"),
    "references": LocalisedText(en="References", sv="Källor"),
}
_COLUMNS = {
    "en": ("register", "codes", "only", "meaning"),
    "sv": ("register", "koder", "endast", "betydelse"),
}


def describe(condition: Condition, language: Language = "en") -> str:
    """Write a condition as Markdown; names of kinds, registers and codes stay as they are declared."""
    return "\n".join(_lines(condition, language)) + "\n"


def _lines(condition: Condition, language: Language) -> Iterator[str]:
    yield f"# {condition.title.in_language(language)}"
    yield ""
    yield f"`{condition.name}`, digest `{condition.digest}`"
    for name, body in described_sections(condition, language):
        if body:
            yield from ("", f"## {HEADINGS[name].in_language(language)}", "", *body)


def described_sections(condition: Condition, language: Language) -> Iterator[tuple[str, list[str]]]:
    """Write the parts of a condition, by key of `HEADINGS`: lines of Markdown, none where nothing is declared."""
    population, kinds = condition.population, dict.fromkeys(type(feature) for feature in condition.features)
    yield "population", [f"- {each.in_language(language)}" for each in population.description]
    yield "including", [f"- {_having(rule, language)}" for rule in population.including]
    without = [f"- {rule.reason.in_language(language)}" for rule in population.including]
    having = [f"- {rule.reason.in_language(language)}: {_having(rule, language)}" for rule in population.excluding]
    yield "excluding", [*without, *having]
    yield "index", [_described(condition.index, language)]
    yield "outcome", [f"{condition.wording.outcome.in_language(language)}:", "", *_outcomes(condition, language)]
    yield "horizon", [_time_at_risk(condition).in_language(language)]
    yield "features", [_feature(feature, language) for feature in condition.features]
    explained = [(each.__name__, each.unit, each.explained()) for each in kinds]
    yield (
        "kinds",
        [f"- {name} ({unit.in_language(language)}): {said.in_language(language)}" for name, unit, said in explained],
    )
    yield "codes", _codes(event_queries(condition), language)
    sources = [(each.title.in_language(language), each.source.in_language(language)) for each in condition.programmes]
    yield "programmes", [f"- {title} ({source})" for title, source in sources]
    yield "limits", [f"- {limit.in_language(language)}" for limit in condition.limits]
    yield "references", [f"- {reference}" for reference in condition.references]


def _having(rule: HistoryRule, language: Language) -> str:
    return ", ".join(_sentence(one, language, without=("label", "family")) for one in rule.alternatives)


def _outcomes(condition: Condition, language: Language) -> list[str]:
    parts: tuple[OutcomeKind, ...] = getattr(condition.outcome, "outcomes", (condition.outcome,))
    described = [_described(part, language) for part in parts]
    competing = [] if "persons" in condition.outcome.registers else [condition.competing.description]
    return [f"- {each}" for each in (*described, *(each.in_language(language) for each in competing))]


def _time_at_risk(condition: Condition) -> LocalisedText:
    days = condition.horizon_days
    return LocalisedText(
        en=f"the {days} days after the index date; shorter where death, a move, coverage or what is known ends it",
        sv=f"de {days} dagarna efter indexdatum; kortare där död, flytt, täckning eller det som är känt sätter stopp",
    )


def _feature(feature: Feature, language: Language) -> str:
    return f"- {feature.called.in_language(language)}: {_sentence(feature, language, without=('label',))}"


def _codes(queries: tuple[EventQuery, ...], language: Language) -> list[str]:
    """List all queries of the condition, their codes spelled out, as a table."""
    headings = _COLUMNS[language]
    table = [headings, ["---"] * len(headings), *(_row(query, language) for query in queries)]
    return [f"| {' | '.join(cells)} |" for cells in table] if queries else []


def _row(query: EventQuery, language: Language) -> list[str]:
    narrowed = ", ".join((*query.settings, *query.positions))
    values = values_text(query.value_range)
    return [query.register, f"`{query.codes}`{values}", narrowed, spell_out_codes(query.codes, language) + values]


def _described(kind: IndexKind | OutcomeKind, language: Language) -> str:
    return _sentence(kind, language) if kind.description is None else kind.description.in_language(language)


def _sentence(declaration: Declaration, language: Language, without: tuple[str, ...] = ()) -> str:
    values = [f"{name} {value}" for name, value in _values(declaration, language, without)]
    return f"{type(declaration).__name__}({'; '.join(values)})"


def _values(declaration: Declaration, language: Language, without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(declaration):  # type: ignore[arg-type]
        value = getattr(declaration, field.name)
        if field.name not in without and value not in (None, (), "0d"):
            yield field.name, _value_text(value, language)


def _value_text(value: object, language: Language) -> str:
    if isinstance(value, LocalisedText):
        return value.in_language(language)
    if isinstance(value, AnchoredWindow):
        return value.description.in_language(language)
    if isinstance(value, Declaration):
        return _sentence(value, language)
    if isinstance(value, tuple):
        return ", ".join(_value_text(item, language) for item in value)
    return str(value)
