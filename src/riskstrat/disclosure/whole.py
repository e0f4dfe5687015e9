"""Counts that divide a protected one: their noise adds up to its noise, so that they are no second look at it.

In: counts of parts with their cell keys, and the whole that they divide. Out: the noise of each part, a whole number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from riskstrat.disclosure.cell_keys import CellNoise, Keys, person_keys, within

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A count that carries noise, and that other counts divide.

    Every part gets noise of its own first. Then all are multiplied by the protected whole over their sum, and rounded
    so that they add up to it. Whoever knows all others learns from parts how the rest is divided, not how much it is:
    that the whole alone tells. The variance of a part that is the share w of K parts is about
    ``v (1 - 2 w + K w^2)``, v that of a count, plus w^2 times the variance of the noise of the whole.

    Parameters
    ----------
    count, key
        How many there are, and the sum of the keys of their rows.
    added, variance
        The noise that the whole carries, and its variance.
    among
        Key of all rows that are counted or not: when anybody of them comes or leaves, all parts get fresh noise.
    noise
        Of parts.

    Examples
    --------
    >>> noise = CellNoise(b"sixteen bytes or more")
    >>> whole = Whole(count=90, key=np.uint64(6), added=3, variance=2.0, among=np.uint64(10), noise=noise)
    >>> parts = np.array([20, 70])
    >>> (parts + whole.parts(parts, np.array([1, 5], dtype=np.uint64))).sum().item()
    93
    """

    count: int
    key: np.uint64
    added: int
    variance: float
    among: np.uint64
    noise: CellNoise

    @property
    def protected(self) -> int:
        """The count with its noise, at least 0."""
        return max(self.count + self.added, 0)

    def parts(self, counts: Counts, keys: Keys) -> Counts:
        """Noise of parts without rows in common, (n,); what they leave of the whole is a part that is not given."""
        left = max(self.count - int(counts.sum()), 0)
        left_key = np.asarray([self.key]) - keys.sum(keepdims=True, dtype=np.uint64)
        held, keyed = np.append(counts, left), np.concatenate([keys, left_key])
        keyed = np.where(keyed == 0, person_keys(-1 - np.arange(len(keyed))), keyed)
        own = np.maximum(held + self.noise.of(within(keyed, np.full(len(keyed), self.among))), 0)
        # Nobody is left over: then there is no such part, whose noise would be taken from the others.
        own[-1] = own[-1] if left else 0
        return np.asarray((adding_up(own, self.protected) - held)[:-1], dtype=np.int64)

    def nested(self, counts: Counts, keys: Keys) -> Counts:
        """Noise of parts each of which lies within the next, (n,): what the next has more is a part."""
        more = np.diff(counts, prepend=0), np.diff(keys, prepend=np.zeros(1, dtype=np.uint64))
        return np.asarray(self.parts(*more).cumsum(), dtype=np.int64)

    def part(self, count: int, key: np.uint64) -> Whole:
        """Give some of the whole, to be divided in turn; where it is more, the whole with others beside it."""
        if count > self.count:
            beside = within(np.asarray([key]) - np.asarray([self.key]), np.asarray([self.among]))
            added, variance = self.added + int(self.noise.of(beside)[0]), self.variance + self.noise.variance
        else:
            added = int(self.parts(np.array([count]), np.array([key], dtype=np.uint64))[0])
            variance = float(self.variances(np.array([count + added]), of=1 + (count < self.count))[0])
        return replace(self, count=count, key=np.uint64(key), added=added, variance=variance)

    def variances(self, protected: Counts, cells: Counts | int = 1, *, of: int) -> NDArray[np.float64]:
        """Variance of the noise of protected parts, (n,), each of so many `cells` of all that divide the whole.

        Of K cells, m that are the share w of the whole have ``v (m (1 - w)^2 + (K - m) w^2)``, v that of a count, and
        w^2 times the variance of the whole's.
        """
        share = np.clip(protected / max(self.protected, 1), 0, 1)
        own = self.noise.variance * (cells * (1 - share) ** 2 + (of - cells) * share**2)
        return np.asarray(own + share**2 * self.variance)


@dataclass(frozen=True, kw_only=True, eq=False)
class UnitCounts:
    """What units count, with the keys of their cells and without noise: together the whole that other counts divide.

    Parameters
    ----------
    counts, keys
        Of each unit, (units,).
    noise_keys
        From which the noise of each unit's count comes, (units,).
    among
        Key of all rows, counted or not.

    Examples
    --------
    >>> keys = np.array([1, 2], dtype=np.uint64)
    >>> units = UnitCounts(counts=np.array([30, 60]), keys=keys, noise_keys=keys, among=np.uint64(9))
    >>> units.together(CellNoise(b"sixteen bytes or more")).count
    90
    """

    counts: Counts
    keys: Keys
    noise_keys: Keys
    among: np.uint64

    def together(self, noise: CellNoise) -> Whole:
        """Add units up to one count: its noise is that of the units; noise of its own would be a look at each."""
        return Whole(
            count=int(self.counts.sum()),
            key=self.keys.sum(dtype=np.uint64),
            added=int(np.maximum(noise.of(self.noise_keys), -self.counts).sum()),
            variance=noise.variance * len(self.counts),
            among=self.among,
            noise=noise,
        )


def adding_up(counts: Counts, total: int) -> Counts:
    """Multiply counts so that they add up to a total, each rounded so that sums from the first on are nearest."""
    sums = counts.cumsum()
    up_to = np.rint(sums * (total / sums[-1])) if sums[-1] else np.full(len(counts), float(total))
    return np.diff(up_to, prepend=0.0).astype(np.int64)
