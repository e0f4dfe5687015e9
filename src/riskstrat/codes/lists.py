"""Named code lists: a name or an expression in, the code expression that it stands for out.

The lists are data (``data/codelists.toml``), each with its classification, labels, source and how far it was verified.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from riskstrat.codes.datafiles import read_declarations
from riskstrat.codes.expression import CodeExpression, Span, combine, parse
from riskstrat.errors.arguments import checked


@dataclass(frozen=True, kw_only=True)
class CodeList:
    """A named list of codes.

    Parameters
    ----------
    name
        What declarations write.
    codes
        The codes that it stands for.
    code_system
        ``icd10_se``, ``atc`` or ``kva``; all match by prefix.
    title_en, title_sv
        What it is called in English and Swedish.
    source
        Where the codes come from.
    status
        ``verified`` if the codes were checked against the source, ``memory`` if they still have to be.

    Examples
    --------
    >>> [(found.name, found.status) for found in codelists() if found.name == "statins"]
    [('statins', 'memory')]
    """

    name: str
    codes: CodeExpression
    code_system: str
    title_en: str
    title_sv: str
    source: str
    status: Literal["verified", "memory"]


@checked
def codelist(name_or_expression: str) -> CodeExpression:
    """Read codes as a condition writes them: named lists, code expressions, or both mixed.

    Parameters
    ----------
    name_or_expression
        Such as ``"diabetes"``, ``"I20-I25, G45"`` or ``"stroke, G45, not I69"``. A part that is no list's name is
        read as a code; `CodeExpression.unmatched` tells which parts no row of a table has.

    Returns
    -------
    CodeExpression

    Raises
    ------
    UsageError
        Naming every part that cannot be read.

    Examples
    --------
    >>> str(codelist("diabetes"))
    'E10-E14'
    >>> str(codelist("ischaemic_heart_disease, G45, not I252"))
    'G45, I20-I25, not I252'
    """
    written = parse(name_or_expression)
    return combine(_expanded(written.included), _expanded(written.excluded))


def matching(expression: str, codes: Iterable[str | None], *, prefix: bool) -> list[str]:
    """Find which of a table's distinct codes an expression selects, sorted as the table writes them.

    With `prefix` they are codes of a classification. Named lists are lists of such codes: in any other system
    ``"stroke"`` is the code "stroke".

    Examples
    --------
    >>> matching("diabetes", ["E11.9", "I10", "diabetes"], prefix=True)
    ['E11.9']
    >>> matching("diabetes", ["E11.9", "I10", "diabetes"], prefix=False)
    ['diabetes']
    """
    read = codelist(expression) if prefix else parse(expression)
    return read.matching(codes, prefix=prefix)


@cache
def codelists() -> tuple[CodeList, ...]:
    """List the named code lists by classification and name.

    Returns
    -------
    tuple of CodeList
        All lists that ship.

    Examples
    --------
    >>> [found.name for found in codelists() if found.code_system == "kva"]
    ['obesity_surgery']
    """
    declared: dict[str, Any] = dict(read_declarations("codelists.toml"))
    return tuple(
        CodeList(name=name, code_system=system, **{**fields, "codes": parse(fields["codes"])})
        for system in sorted(declared)
        for name, fields in sorted(declared[system].items())
    )


def _expanded(spans: Iterable[Span]) -> list[Span]:
    """Replace the name of a list by the list's spans; the lists themselves exclude nothing."""
    lists = {found.name: found.codes.included for found in codelists()}
    return [own for span in spans for own in (lists.get(span.low, (span,)) if not span.is_range else (span,))]
