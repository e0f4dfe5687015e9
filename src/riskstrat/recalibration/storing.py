"""Recalibrations as plain data that JSON can carry, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, TypeAlias

from riskstrat.errors import Problem, TrustError
from riskstrat.numerics.links import CLOGLOG, LOGIT, Link
from riskstrat.recalibration.curves import IsotonicRecalibration, SlopeRecalibration, Successive
from riskstrat.recalibration.values import InTheLarge, Recalibration

Plain: TypeAlias = "float | str | list[float] | dict[str, Plain]"

FIGURES: Final = 5
_LINKS: Final = {link.name: link for link in (LOGIT, CLOGLOG)}
_KINDS: Final = {kind.__name__: kind for kind in (InTheLarge, SlopeRecalibration, IsotonicRecalibration, Successive)}


def to_plain(recalibration: Recalibration) -> dict[str, Plain]:
    """Give the kind and the fields of a recalibration, numbers with five significant figures.

    Examples
    --------
    >>> to_plain(InTheLarge(shift=0.1234567, standard_error=0.1))
    {'kind': 'InTheLarge', 'shift': 0.12346, 'standard_error': 0.1, 'link': 'logit'}
    """
    named = {field.name: getattr(recalibration, field.name) for field in fields(recalibration)}  # type: ignore[arg-type]
    return {"kind": type(recalibration).__name__, **{name: _plain(value) for name, value in named.items()}}


def from_plain(plain: Mapping[str, Plain]) -> Recalibration:
    """Build what `to_plain` gave.

    Examples
    --------
    >>> from_plain(to_plain(SlopeRecalibration(intercept=0.5, slope=1.0)))
    SlopeRecalibration(intercept=0.5, slope=1.0)
    """
    kind = plain.get("kind")
    if kind not in _KINDS:
        raise TrustError(Problem("a recalibration of no known kind", f"one of {', '.join(_KINDS)}", "fit it again"))
    values: dict[str, Any] = {name: _value(value) for name, value in plain.items() if name != "kind"}
    return _KINDS[str(kind)](**values)


def _plain(value: object) -> Plain:
    if isinstance(value, Link):
        return value.name
    if isinstance(value, tuple):
        return [float(f"{number:.{FIGURES}g}") for number in value]
    return float(f"{value:.{FIGURES}g}") if isinstance(value, float) else to_plain(value)  # type: ignore[arg-type]


def _value(plain: Plain) -> object:
    if isinstance(plain, str):
        return _LINKS[plain]
    if isinstance(plain, list):
        return tuple(plain)
    return from_plain(plain) if isinstance(plain, dict) else plain
