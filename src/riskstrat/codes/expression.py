"""The grammar of code expressions: ``"I20-I25, G45, not I252"`` in, the distinct codes of a table that match out.

An expression is read once into a frozen value; matching runs over the distinct codes of a table, never over its rows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from riskstrat.errors import Problem, UsageError

_DASHES = str.maketrans("–—−", "---")  # what word processors make of a hyphen
_PART = re.compile(r"(?P<exclusion>not\s+|-\s*)?(?P<body>.+)", re.IGNORECASE | re.DOTALL)
_STEM = r"[A-Za-z]{1,3}\d\d[0-9A-Za-z.]*"  # I219, C10AA, JDF00: how ICD-10, ATC and KVÅ codes look
_CODE = re.compile(rf"{_STEM}(-[Pp]?|[+*†#])?")
_RANGE = re.compile(rf"(?P<low>{_STEM})\s*-\s*(?P<high>{_STEM})")
_SHORT_RANGE = re.compile(rf"{_STEM}\s*-\s*\w+")
_NAME = re.compile(r"(?!not$)[\w.:/-]+", re.IGNORECASE)
_QUOTED = re.compile(r'"\s*(?P<code>[^"]*[^"\s])\s*"')
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside of quotes
_POINTS = str.maketrans("", "", ".,")
_MARKS = re.compile(r"(-P|[-+*†#])+$")  # primary care's suffix, the open fourth position, dagger and asterisk
_EVERYTHING = ("*", "any")


def bare(code: str) -> str:
    """Write a code of a classification in the one form that is compared.

    Upper case without dots, the commas of ICD-8, spaces, dagger and asterisk, or the suffix ``-P`` of the Swedish
    primary care version.
    """
    if code.isalnum() and code.isupper():
        return code
    return _MARKS.sub("", "".join(code.upper().translate(_POINTS).split()))


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """The codes that begin with a string from `low` to `high`, which are equally long.

    A single code or name has ``low == high``; two empty strings are every code.
    """

    low: str
    high: str

    @property
    def is_range(self) -> bool:
        """Whether this names more than one category."""
        return self.low != self.high

    def __str__(self) -> str:
        if self == EVERY_CODE:
            return _EVERYTHING[0]
        written = f"{self.low}-{self.high}" if self.is_range else self.low
        return written if _read_part(written) == (False, self) else f'"{written}"'


EVERY_CODE = Span("", "")


def one_code(code: str) -> Span:
    """Give the span of a code as a table writes it; ``str()`` of it is how an expression names the code.

    Examples
    --------
    >>> print(one_code("home_care  "), one_code("Z 99"))
    home_care "Z 99"
    """
    return Span(_canonical(code), _canonical(code))


@dataclass(frozen=True, slots=True)
class CodeExpression:
    """Selects codes: those in `included` but not in `excluded`. Made by `parse`.

    Equal when the parts are equal, in whatever order and spelling they were written; ``str()`` gives the canonical
    form, which parses back to the same value.

    Attributes
    ----------
    included, excluded
        Ranges of codes, in canonical order.

    Examples
    --------
    >>> expression = parse("g45, I20-I25, not I25.2")
    >>> str(expression)
    'G45, I20-I25, not I252'
    >>> expression.matching(["I219", "I25.2", "I489B", "G459"], prefix=True)
    ['G459', 'I219']
    """

    included: tuple[Span, ...]
    excluded: tuple[Span, ...] = ()

    def matching(self, codes: Iterable[str | None], prefix: bool) -> list[str]:
        """Find the codes that are selected.

        Parameters
        ----------
        codes
            The codes of a table as they are written there; nulls are skipped.
        prefix
            True for classifications (ICD, ATC, KVÅ), where a code stands for everything below it and spelling varies;
            False where only the exact code counts.

        Returns
        -------
        list of str
            The distinct codes that match, as written in the table, sorted.

        Raises
        ------
        UsageError
            If ranges are used with a system that is matched exactly.
        """
        if not prefix:
            self._refuse_ranges()
        vocabulary = _vocabulary(tuple(codes), prefix)
        return sorted(vocabulary.matching(self.included) - vocabulary.matching(self.excluded))

    def unmatched(self, codes: Iterable[str | None], prefix: bool) -> tuple[str, ...]:
        """Name the included parts that no code matches: misspelt names, or codes that a register does not hold.

        Examples
        --------
        >>> parse("smoking, systolic_mmgh").unmatched(["smoking", "systolic_mmhg"], prefix=False)
        ('systolic_mmgh',)
        """
        vocabulary = _vocabulary(tuple(codes), prefix)
        return tuple(str(span) for span in self.included if not vocabulary.matching((span,)))

    def _refuse_ranges(self) -> None:
        UsageError.refuse(
            Problem(
                f"the range '{span}' of a code system without order",
                "the codes one by one",
                "list them with commas, or give the table a classification as code_system",
            )
            for span in self.included + self.excluded
            if span.is_range
        )

    def __str__(self) -> str:
        return ", ".join([*map(str, self.included), *(f"not {span}" for span in self.excluded)])


def parse(expression: str) -> CodeExpression:
    """Read a code expression: parts with commas between them.

    A part is a range of categories (``I20-I25`` is every code that begins with I20 to I25), a prefix (``C10AA``), an
    exact code (``home_care``; in double quotes where it has blanks or other marks), or ``*`` or ``any`` for every code;
    ``not`` or a minus before it excludes its codes.

    Examples
    --------
    >>> parse('"home care", Z99').matching(["home care  ", "Z99"], prefix=False)
    ['Z99', 'home care  ']
    """
    read = [_read_part(part) for part in parts_of(expression.translate(_DASHES))]
    problems = [part for part in read if isinstance(part, Problem)]
    spans = [part for part in read if not isinstance(part, Problem)]
    included = [span for is_excluded, span in spans if not is_excluded]
    excluded = [span for is_excluded, span in spans if is_excluded]
    if not problems and (not included or EVERY_CODE in excluded):
        found = f"the code expression '{expression}' that includes nothing"
        problems = [Problem(found, "at least one code", "name the codes; '*' is every code")]
    UsageError.refuse(problems)
    return combine(included, excluded)


def parts_of(expression: str) -> list[str]:
    """Split an expression at its commas; those in double quotes belong to a code.

    Examples
    --------
    >>> parts_of('I20-I25, "ward 5, north", not I252')
    ['I20-I25', '"ward 5, north"', 'not I252']
    """
    return [part for each in _COMMA.split(expression) if (part := each.strip())]


def combine(included: Iterable[Span], excluded: Iterable[Span] = ()) -> CodeExpression:
    """Make the expression of these spans, each once and in canonical order."""
    kept = set(included)
    return CodeExpression((EVERY_CODE,) if EVERY_CODE in kept else tuple(sorted(kept)), tuple(sorted(set(excluded))))


def _read_part(part: str) -> tuple[bool, Span] | Problem:
    match = _PART.fullmatch(part)
    body = match["body"].strip() if match else part
    span = _read_span(body)
    return span if isinstance(span, Problem) else (bool(match and match["exclusion"]), span)


def _read_span(body: str) -> Span | Problem:
    if body.lower() in _EVERYTHING:
        return EVERY_CODE
    if quoted := _QUOTED.fullmatch(body):
        return one_code(quoted["code"])
    if bounds := _RANGE.fullmatch(body):
        low, high = bare(bounds["low"]), bare(bounds["high"])
        return Span(low, high) if len(low) == len(high) and low <= high else _bad_range(body)
    if _SHORT_RANGE.fullmatch(body) and not _CODE.fullmatch(body):
        return _bad_range(body)
    return one_code(body) if _NAME.fullmatch(body) else _bad_name(body)


def _bad_range(body: str) -> Problem:
    return Problem(
        f"the range '{body}'", "two equally long codes, the lower one first", "write both in full, such as I20-I25"
    )


def _bad_name(body: str) -> Problem:
    return Problem(
        f"the part '{body}'",
        "one code, range or name",
        "put commas between parts, double quotes around a code with blanks or other marks ('\"Z 99\"'), and leave out "
        "wildcards: a prefix such as I21 covers all codes below it",
    )


def _canonical(code: str) -> str:
    """Write a code as it is compared where codes match exactly, on both sides; blanks around it do not matter."""
    plain = code.translate(_DASHES).strip()
    return bare(plain) if _CODE.fullmatch(plain) else plain


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The distinct codes of a table, sorted by the form in which they are compared, so that a span is a slice."""

    compared: tuple[str, ...]
    written: tuple[str, ...]
    prefix: bool

    def matching(self, spans: Iterable[Span]) -> set[str]:
        """Find the codes, as written, that are in any of the spans."""
        return {self.written[position] for span in spans for position in self._positions(span)}

    def _positions(self, span: Span) -> Iterator[int]:
        low, high = (bare(span.low), bare(span.high)) if self.prefix else (span.low, span.high)
        head = len(low) if self.prefix or span == EVERY_CODE else None
        start = bisect_left(self.compared, low)
        stop = bisect_right(self.compared, high, lo=start, key=lambda code: code[:head])
        return (position for position in range(start, stop) if len(self.compared[position]) >= len(low))


@lru_cache(maxsize=64)
def _vocabulary(codes: tuple[str | None, ...], prefix: bool) -> _Vocabulary:
    """Sort once for all expressions that are matched with the same table."""
    as_compared = bare if prefix else _canonical
    pairs = sorted((as_compared(code), code) for code in set(codes) if code is not None)
    return _Vocabulary(tuple(form for form, _ in pairs), tuple(code for _, code in pairs), prefix)
