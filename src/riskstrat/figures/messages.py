"""The texts of a language: one TOML file a language, the same keys in each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeAlias

from riskstrat.figures.numbers import Language, Numbers

_NOUNS = ("event", "events", "the_events")
LANGUAGES: tuple[Language, ...] = ("sv", "en")


@dataclass(frozen=True)
class MessageCatalogue:
    """Texts of one language by dotted key, and how it writes numbers.

    Parameters
    ----------
    language
        ``"sv"`` or ``"en"``.
    texts
        Dotted key -> text, in which values are named in braces.

    Examples
    --------
    >>> messages = MessageCatalogue("en", {"areas.one": "one area", "areas.other": "{n} areas"})
    >>> messages.count("areas", 1), messages.count("areas", 1200)
    ('one area', '1,200 areas')
    """

    language: Language
    texts: Mapping[str, str]

    @property
    def numbers(self) -> Numbers:
        """How this language writes numbers."""
        return Numbers(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """Give a text with its values filled in; its nouns are what the outcomes are called.

        Raises
        ------
        KeyError
            If there is no such text, or a value of it is missing.
        """
        nouns = {name: self.texts.get(f"noun.{name}", name) for name in _NOUNS}
        return self.texts[key].format(**nouns, **values)

    def count(self, key: str, n: int, **values: object) -> str:
        """Give the text for none (where there is one), one or several, with ``n`` as a word up to twelve."""
        form = "zero" if n == 0 and f"{key}.zero" in self.texts else "one" if n == 1 else "other"
        return self(f"{key}.{form}", n=self.cardinal(n), **values)

    def cardinal(self, n: int) -> str:
        """Write a small number as a word, where the language has words for it."""
        return self.texts.get(f"cardinal.{n}", self.numbers.number(n))

    def named(self, group: str, name: str) -> str:
        """Give the text of a name in a group, or the name itself, in plain words, where there is none."""
        key = f"{group}.{name}"
        return self(key) if key in self.texts else name.replace("_", " ")

    def listed(self, items: list[str]) -> str:
        """Join names as a sentence does."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self('and')} {items[-1]}"


Texts: TypeAlias = Language | MessageCatalogue
"""What a figure is written in: a language, or texts of one."""


def load_messages(language: Texts, package: str = "riskstrat.figures") -> MessageCatalogue:
    """Read a package's texts of a language.

    Parameters
    ----------
    language
        ``"sv"`` or ``"en"``; texts are given back as they are.
    package
        The package that holds ``texts_<language>.toml``.

    Returns
    -------
    MessageCatalogue

    Examples
    --------
    >>> load_messages("sv")("class.uncertain")
    'osäkert'
    """
    return language if isinstance(language, MessageCatalogue) else _loaded(language, package)


@cache
def _loaded(language: Language, package: str) -> MessageCatalogue:
    source = files(package).joinpath(f"texts_{language}.toml").read_text(encoding="utf-8")
    return MessageCatalogue(language, MappingProxyType(dict(_flat(tomllib.loads(source)))))


def _flat(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def merge_messages(first: MessageCatalogue, second: MessageCatalogue) -> MessageCatalogue:
    """Give the texts of two packages in one language; the second wins.

    Examples
    --------
    >>> first = MessageCatalogue("en", {"and": "and", "period": "period"})
    >>> merge_messages(first, MessageCatalogue("en", {"period": "years"}))("period")
    'years'
    """
    return MessageCatalogue(first.language, MappingProxyType({**first.texts, **second.texts}))


def lowered(text: str) -> str:
    """Write a title inside a sentence: without its capital, unless that begins an abbreviation.

    Examples
    --------
    >>> lowered("Obesity at four"), lowered("BMI at four")
    ('obesity at four', 'BMI at four')
    """
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def capitalised(text: str) -> str:
    """Begin with a capital letter, and leave the rest as it is.

    Examples
    --------
    >>> capitalised("ett område i DeSO")
    'Ett område i DeSO'
    """
    return text[:1].upper() + text[1:]
