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

from riskstrat.errors import Problem, UsageError, number_of

FEWEST_SECRET_BYTES = 16
FEWEST_POSSIBLE = 5
"""So many true counts are possible behind every protected one."""
_WORD = 8
Keys = NDArray[np.uint64]


def person_keys(person_id: pl.Series | NDArray[np.integer]) -> Keys:
    """Give every person a key; the key of a cell is the sum of the keys of its rows, modulo 2^64.

    A person who is counted twice is added twice, so that index dates and persons have different keys where they differ.

    References
    ----------
    The mixing function is that of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). Cell keys: Fraser and Wooton,
    UNECE work session on statistical data confidentiality, 2005.
    """
    return _mixed(np.asarray(person_id).astype(np.int64).view(np.uint64))


def within(part: Keys, whole: Keys) -> Keys:
    """Key of cells that are counted as part of others, so that they get fresh noise when anybody in these changes.

    With the key of the part alone, noise that changes would tell that whoever came or left is in the part.

    Parameters
    ----------
    part, whole
        Keys of the counted rows, and of all rows that they are part of, (n,).

    Returns
    -------
    numpy.ndarray
        Shape (n,); cells with nobody in them differ too.

    Examples
    --------
    >>> nobody = np.zeros(2, dtype=np.uint64)
    >>> len(set(within(nobody, person_keys(np.array([1, 2]))).tolist()))
    2
    """
    return part + _mixed(whole)


def _mixed(numbers: Keys) -> Keys:
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def sum_keys(keys: Keys, cell: NDArray[np.integer], cells: int) -> Keys:
    """Add up the keys of the rows of each cell, modulo 2^64."""
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
        The noise is a whole number from ``-width`` to ``width``, discrete normal with a standard deviation of
        ``width / sqrt(18)``: unbiased, with 6 of variance 2. Unlike with equal chances its ends are hardly ever
        reached, so that the difference between two editions decides nothing. 0 is no noise.

    Raises
    ------
    UsageError
        If the secret is too short, or `width` is negative.

    Examples
    --------
    >>> noise = CellNoise(b"sixteen bytes or more")
    >>> keys = person_keys(np.arange(1000))
    >>> bool((noise.of(keys) == noise.of(keys)).all()), round(noise.variance, 2), round(float(noise.of(keys).var()), 1)
    (True, 2.0, 1.9)
    """

    secret: bytes = field(repr=False)
    width: int = 6

    def __post_init__(self) -> None:
        problems = []
        if len(self.secret) < FEWEST_SECRET_BYTES:
            found = f"a secret of {number_of(len(self.secret), 'byte')}"
            problems.append(Problem(found, f"at least {FEWEST_SECRET_BYTES}", "make one with secrets.token_bytes(32)"))
        if self.width < 0:
            problems.append(Problem(f"noise of width {self.width}", "0 or more", "use 6"))
        UsageError.refuse(problems)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Probability of each noise from ``-width`` to ``width``, (2 width + 1,)."""
        density = np.exp(-9 * (np.arange(-self.width, self.width + 1) / max(self.width, 1)) ** 2)
        return np.asarray(density / density.sum())

    @property
    def variance(self) -> float:
        """Variance of the noise."""
        return float(self.probability @ np.arange(-self.width, self.width + 1) ** 2)

    @property
    def lowest(self) -> int:
        """Smallest protected count: it stands for all that noise makes as small, so that behind it are as many too."""
        return max(FEWEST_POSSIBLE - 1 - self.width, 0) if self.width else 0

    def of(self, keys: Keys, purpose: str = "noise") -> NDArray[np.int64]:
        """Noise of the cells with these keys, (n,); unrelated for another purpose."""
        below = np.cumsum(self.probability)[:-1]
        return np.searchsorted(below, self.fraction(keys, purpose), side="right").astype(np.int64) - self.width

    def around_zero(self, keys: Keys, purpose: str) -> NDArray[np.float64]:
        """Real-valued noise of cells, (n,): the whole one and up to a half more either way."""
        return np.asarray(self.of(keys, purpose) + self.fraction(keys, f"{purpose}, beside whole") - 0.5)

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

    def seed(self, seed: int) -> int:
        """Give the seed to use in the place of one that everybody knows: below 2^32, the same under the same secret."""
        return int.from_bytes(self._drawn("seed", str(seed).encode())[: _WORD // 2], "little")

    def digest(self, text: str, digits: int = 12) -> str:
        """Digest that names something without confirming a guess of what it is: hexadecimal digits of an HMAC."""
        return hmac.new(self.secret, f"digest:{text}".encode(), hashlib.sha256).hexdigest()[:digits]

    def _drawn(self, purpose: str, content: bytes) -> bytes:
        return hmac.digest(self.secret, purpose.encode() + b":" + content, "sha256")[:_WORD]
