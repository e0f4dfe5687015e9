"""A condition in words: who, from when, for how long, what is known of them, and what is counted.

In: a `Condition`. Out: Markdown in English or Swedish.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from riskstrat.declare.base import Declaration, Language, Text
from riskstrat.declare.condition import Condition
from riskstrat.declare.features import Feature

HEADINGS = {
    "population": Text(en="Population", sv="Population"),
    "index": Text(en="Index date", sv="Startdatum"),
    "outcome": Text(en="Outcome", sv="Utfall"),
    "horizon": Text(en="Horizon", sv="Uppföljningstid"),
    "features": Text(en="What is known before the index", sv="Vad som är känt före startdatum"),
    "kinds": Text(en="What these features answer", sv="Vad dessa faktorer svarar på"),
    "programmes": Text(en="Programmes", sv="Insatser"),
    "limits": Text(en="Limits", sv="Begränsningar"),
    "references": Text(en="References", sv="Källor"),
}


def describe(condition: Condition, language: Language = "en") -> str:
    """Write a condition as Markdown.

    Parameters
    ----------
    condition
        The declaration.
    language
        ``"en"`` or ``"sv"``; names of kinds and fields stay as they are declared.

    Examples
    --------
    >>> from riskstrat import conditions
    >>> print(describe(conditions.load("frailty")).splitlines()[0])
    # Frailty at 70 and over
    """
    return "\n".join(_lines(condition, language)) + "\n"


def _lines(condition: Condition, language: Language) -> Iterator[str]:
    yield f"# {condition.title.in_language(language)}"
    yield ""
    yield f"`{condition.name}`, digest `{condition.digest}`"
    for name, body in _sections(condition, language):
        yield from ("", f"## {HEADINGS[name].in_language(language)}", "", *body)


def _sections(condition: Condition, language: Language) -> Iterator[tuple[str, list[str]]]:
    yield "population", _said(condition.population, language)
    yield "index", [_sentence(condition.index, language)]
    yield "outcome", [f"{condition.words.outcome.in_language(language)}:", "", *_outcomes(condition, language)]
    yield "horizon", [f"{condition.horizon} ({condition.horizon_days} d)"]
    yield "features", [_feature(feature, language) for feature in condition.features]
    yield "kinds", [_kind(kind, language) for kind in dict.fromkeys(type(feature) for feature in condition.features)]
    yield "programmes", [_programme(each.title, each.source, language) for each in condition.programmes]
    yield "limits", [f"- {limit.in_language(language)}" for limit in condition.limits]
    yield "references", [f"- {reference}" for reference in condition.references]


def _outcomes(condition: Condition, language: Language) -> list[str]:
    parts = getattr(condition.outcome, "outcomes", (condition.outcome,))
    return [*(f"- {_sentence(part, language)}" for part in parts), f"- {_sentence(condition.competing, language)} (2)"]


def _feature(feature: Feature, language: Language) -> str:
    label = feature.label.in_language(language) if feature.label else feature.column
    return f"- {label}: {_sentence(feature, language, without=('label',))}"


def _kind(kind: type[Feature], language: Language) -> str:
    return f"- {kind.__name__} ({kind.unit.in_language(language)}): {kind.explained().in_language(language)}"


def _programme(title: Text, source: Text, language: Language) -> str:
    return f"- {title.in_language(language)} ({source.in_language(language)})"


def _said(declaration: Declaration, language: Language) -> list[str]:
    return [f"- {name}: {value}" for name, value in _values(declaration, language, without=())]


def _sentence(declaration: Declaration, language: Language, without: tuple[str, ...] = ()) -> str:
    values = [f"{name} {value}" for name, value in _values(declaration, language, without)]
    return f"{type(declaration).__name__}({'; '.join(values)})"


def _values(declaration: Declaration, language: Language, without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(declaration):  # type: ignore[arg-type]
        value = getattr(declaration, field.name)
        if field.name not in without and value not in (None, (), "0d"):
            yield field.name, _word(value, language)


def _word(value: object, language: Language) -> str:
    if isinstance(value, Text):
        return value.in_language(language)
    if isinstance(value, Declaration):
        return _sentence(value, language)
    if isinstance(value, tuple):
        return ", ".join(_word(item, language) for item in value)
    return str(value)
