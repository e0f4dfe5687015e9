"""Fitted estimators as bytes that hold no code, and back: only types of a fixed list are read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Final

from riskstrat.errors import Problem, TrustError, UsageError
from riskstrat.estimators import RiskEstimator
from riskstrat.estimators.released import RELEASED, can_leave
from riskstrat.extras import optional

MOST_BYTES: Final = 200_000_000
"""A file that unpacks to more is not read."""

_OURS: Final = (
    *(f"{kind.__module__}.{kind.__qualname__}" for kind in RELEASED),
    "riskstrat.estimators.hazard_pair.HazardPair",
    "riskstrat.estimators.terms.Term",
)
_TREES: Final = (
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.preprocessing._label.LabelEncoder",
)
_PLAIN: Final = ("builtins.dict", "builtins.list", "builtins.str", "builtins.tuple", "numpy.ndarray")
TRUSTED: Final = frozenset((*_OURS, *_TREES, *_PLAIN))
"""Types that a stored estimator may hold; nothing in the file adds to them."""


def dump(estimator: object) -> bytes:
    """Write a fitted estimator without code."""
    if not can_leave(estimator):
        kinds = ", ".join(sorted(kind.__name__ for kind in RELEASED))
        imputes = " that imputes" if type(estimator) in RELEASED else ""
        raise UsageError(
            Problem(
                f"a fitted {type(estimator).__name__}{imputes}, of whose numbers nobody has seen that they may leave",
                f"one of {kinds}, without imputation",
                "choose one of them; others can be compared and reported, but not saved",
            )
        )
    return bytes(optional("skops.io").dumps(estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=9))


def load(content: bytes) -> RiskEstimator:
    """Read what `dump` wrote, after its types were seen to be on the list."""
    TrustError.refuse(_problems(content))
    skops = optional("skops.io")
    try:
        found = skops.loads(content, trusted=sorted(TRUSTED))
    except Exception as broken:
        raise TrustError(_unreadable("an estimator that the libraries here cannot read")) from broken
    if type(found) not in RELEASED:
        raise TrustError(_unreadable("no fitted estimator"))
    estimator: RiskEstimator = found
    return estimator


def _problems(content: bytes) -> Iterator[Problem]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            size = sum(part.file_size for part in parts.infolist())
            types = set() if size > MOST_BYTES else set(_types(json.loads(parts.read("schema.json"))))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError):
        yield _unreadable("a file that is no stored estimator")
        return
    if size > MOST_BYTES:
        yield _unreadable("a file that unpacks to more than any estimator")
    if unknown := sorted(types - TRUSTED):
        found = f"types that are not trusted: {', '.join(unknown)}"
        yield Problem(found, "those of a stored estimator", "do not use this file; fit it again")


def _types(node: object) -> Iterator[str]:
    """Name every type in the schema of a skops file."""
    if isinstance(node, dict):
        if "__class__" in node:
            yield f"{node.get('__module__')}.{node['__class__']}"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _types(part)


def _unreadable(found: str) -> Problem:
    return Problem(found, "estimator.skops as it was saved", "save it again, or fit the model again")
