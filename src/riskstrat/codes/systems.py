"""How the codes of each classification look: a code or the beginning of one in, whether it can be one out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from riskstrat.codes.expression import bare

_SHAPES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "icd10_se": (r"[A-Z]\d\d([0-9X][0-9A-Z]{0,3})?", ("A00",)),
        "icd10": (r"[A-Z]\d\d[0-9A-Z]{0,4}", ("A00",)),
        "icd9_se": (r"[0-9EV]\d\d[0-9A-Z]{0,3}", ("000",)),
        "icd8_se": (r"[0-9EY]\d\d\d{0,3}", ("000",)),
        "atc": (r"[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?", ("A00AA00",)),
        "kva": (r"[A-Z]{2}[0-9A-Z]?\d{2}", ("AA00", "AAA00")),
    }
)
"""How a whole code looks in its bare form, and the shortest codes with every level, which complete a beginning."""


def is_code(code: str, code_system: str) -> bool:
    """Whether a code can be one of a classification; any text can be one of another system.

    Examples
    --------
    >>> is_code("i21.9", "icd10_se"), is_code("I2", "icd10_se"), is_code("statin", "atc"), is_code("x", "exact")
    (True, False, False, True)
    """
    return code_system not in _SHAPES or bool(re.fullmatch(_SHAPES[code_system][0], bare(code)))


def begins_code(code: str, code_system: str) -> bool:
    """Whether some code of a classification can begin so; any text can begin one of another system.

    Examples
    --------
    >>> begins_code("I2", "icd10_se"), begins_code("C10A", "atc"), begins_code("JD", "kva"), begins_code("I", "icd10")
    (True, True, True, True)
    >>> begins_code("hart_failure", "icd10_se"), begins_code("statin", "atc"), begins_code("410", "icd10_se")
    (False, False, False)
    """
    beginning = bare(code)
    _, whole = _SHAPES.get(code_system, ("", ("",)))
    return any(is_code(beginning + each[len(beginning) :], code_system) for each in whole)
