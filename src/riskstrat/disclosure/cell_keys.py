"""Cell keys: the persons behind a cell as one number, and the noise that belongs to that number under a secret.

In: person ids. Out: keys that add up over the rows of a cell; whole noise, fractions and digests that only the holder
of the secret can compute. The same rows always give the same noise, one row more or less gives fresh noise.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError

FEWEST_SECRET_BYTES = 16
_WORD = 8
Keys = NDArray[np.uint64]


def person_keys(person_id: pl.Series | NDArray[np.integer]) -> Keys:
    """Give every person a key; the key of a cell is the sum of the keys of its rows, modulo 2^64.

    A person who is counted twice is added twice, so that index dates and persons have different keys where they differ.

    Parameters
    ----------
    person_id
        Whole numbers, (n,).

    Returns
    -------
    numpy.ndarray
        Shape (n,), evenly spread over all 64-bit numbers.

    References
    ----------
    The mixing function is that of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). Cell keys: Fraser and Wooton,
    UNECE work session on statistical data confidentiality, 2005.

    Examples
    --------
    >>> keys = person_keys(pl.Series([1, 2, 3]))
    >>> bool(sum_keys(keys, np.array([0, 1, 0]), 2)[0] == keys[0] + keys[2])
    True
    """
    # Unsigned numbers wrap round, which is meant.
    mixed = np.asarray(person_id).astype(np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def sum_keys(keys: Keys, cell: NDArray[np.integer], cells: int) -> Keys:
    """Add up the keys of the rows of each cell, modulo 2^64.

    Parameters
    ----------
    keys
        Of the rows, (n,).
    cell
        Number of each row's cell, (n,); rows of cell -1 are left out.
    cells
        How many cells there are.

    Returns
    -------
    numpy.ndarray
        Shape (cells,).

    Examples
    --------
    >>> sum_keys(np.array([1, 2, 4], dtype=np.uint64), np.array([0, 1, 0]), 2).tolist()
    [5, 2]
    """
    total = np.zeros(cells, dtype=np.uint64)
    inside = cell >= 0
    np.add.at(total, cell[inside], keys[inside])
    return total


@dataclass(frozen=True, eq=False)
class CellNoise:
    """Noise of cells under the controller's secret.

    Parameters
    ----------
    secret
        At least 16 bytes that nobody outside knows. It is never shown, written or logged.
    width
        The noise is one of the whole numbers from ``-width`` to ``width``, all equally likely: unbiased, with variance
        ``width * (width + 1) / 3``. 0 is no noise.

    Raises
    ------
    UsageError
        If the secret is too short, or `width` is negative.

    Examples
    --------
    >>> noise = CellNoise(b"sixteen bytes or more", width=2)
    >>> keys = person_keys(np.arange(1000))
    >>> bool((noise.of(keys) == noise.of(keys)).all()), int(noise.of(keys).min()), int(noise.of(keys).max())
    (True, -2, 2)
    """

    secret: bytes = field(repr=False)
    width: int = 2

    def __post_init__(self) -> None:
        problems = []
        if len(self.secret) < FEWEST_SECRET_BYTES:
            found = f"a secret of {len(self.secret)} bytes"
            expected = f"at least {FEWEST_SECRET_BYTES}"
            problems.append(Problem(found=found, expected=expected, remedy="make one with secrets.token_bytes(32)"))
        if self.width < 0:
            problems.append(Problem(found=f"noise of width {self.width}", expected="0 or more", remedy="use 2"))
        if problems:
            raise UsageError(*problems)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Probability of each noise from ``-width`` to ``width``, (2 width + 1,)."""
        return np.full(2 * self.width + 1, 1 / (2 * self.width + 1))

    def of(self, keys: Keys) -> NDArray[np.int64]:
        """Noise of the cells with these keys, (n,)."""
        return np.floor(self.fraction(keys, "noise") * (2 * self.width + 1)).astype(np.int64) - self.width

    def fraction(self, keys: Keys, purpose: str) -> NDArray[np.float64]:
        """Numbers in [0, 1), (n,), evenly spread: the same for the same key and purpose, unrelated for others."""
        drawn = b"".join(self._drawn(purpose, key.tobytes()) for key in np.asarray(keys, dtype=np.uint64))
        return np.asarray((np.frombuffer(drawn, dtype="<u8") >> np.uint64(11)) * 2.0**-53)

    def whole(self, values: NDArray[np.float64], keys: Keys) -> NDArray[np.int64]:
        """Round weighted counts to whole ones, up with the probability of their fraction, by their keys; (n,)."""
        return np.floor(values + self.fraction(keys, "whole")).astype(np.int64)

    def key_of(self, *labels: object) -> np.uint64:
        """Key of a cell behind which persons are not known: of its labels and its count."""
        return np.uint64(int.from_bytes(self._drawn("labels", repr(labels).encode()), "little"))

    def digest(self, text: str, digits: int = 12) -> str:
        """Digest that names something without confirming a guess of what it is: hexadecimal digits of an HMAC."""
        return hmac.new(self.secret, f"digest:{text}".encode(), hashlib.sha256).hexdigest()[:digits]

    def _drawn(self, purpose: str, content: bytes) -> bytes:
        return hmac.digest(self.secret, purpose.encode() + b":" + content, "sha256")[:_WORD]
