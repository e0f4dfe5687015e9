"""The key file of pseudonyms: which keyed hash has which running number, readable by its owner alone."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from riskstrat.errors import Problem, UsageError
from riskstrat.files import whole_file
from riskstrat.files.secret import SHORTEST_SECRET, read_secret, refuse_open_to_others, too_short
from riskstrat.registers.manifest import FILE_NAME

SECRET_VARIABLE = "RISKSTRAT_PSEUDONYM_SECRET"  # noqa: S105 - the name of the variable, not a secret
HASH, NUMBER = "keyed_hash", "person_id"
_SCHEMA = {HASH: pl.String, NUMBER: pl.Int64}
_HEX_DIGITS = 32
_WITNESS = b"riskstrat: the hash of this sentence tells one secret from another"


@dataclass(frozen=True, kw_only=True)
class Secret:
    """What keys the hashes; whoever has it and the key file can tell whose number is whose."""

    _bytes: bytes = field(repr=False)

    @classmethod
    def read(cls, file: Path | None, environment: Mapping[str, str]) -> Secret:
        """Read it from a file that only its owner can read, or from the environment variable `SECRET_VARIABLE`."""
        if file is not None:
            return cls(_bytes=read_secret(file))
        found = environment.get(SECRET_VARIABLE, "").encode()
        if len(found) < SHORTEST_SECRET:
            where = f"in a file or in the environment variable {SECRET_VARIABLE}"
            raise UsageError(too_short(len(found), where))
        return cls(_bytes=found)

    def hashed(self, identities: Iterable[str]) -> list[str]:
        """Give the HMAC-SHA256 (RFC 2104) of each identity, its first 128 bits in hexadecimal digits."""
        return [self._hash(identity.encode()) for identity in identities]

    @property
    def witness(self) -> str:
        """A hash by which a key file knows its secret."""
        return self._hash(_WITNESS)

    def _hash(self, content: bytes) -> str:
        return hmac.digest(self._bytes, content, "sha256").hex()[:_HEX_DIGITS]


def read_key_file(path: Path, secret: Secret) -> pl.DataFrame:
    """Read the running numbers given so far; none where there is no file."""
    if not path.exists():
        return pl.DataFrame(schema=_SCHEMA)
    refuse_open_to_others(path)
    try:
        known = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise UsageError(_not_this(path, "a file that is no key file")) from None
    if dict(known.schema) != _SCHEMA or secret.witness not in known.filter(pl.col(NUMBER) == 0)[HASH]:
        raise UsageError(_not_this(path, "a key file of another secret, or none"))
    return known.filter(pl.col(NUMBER) > 0)


def numbered(known: pl.DataFrame, hashes: pl.Series) -> pl.DataFrame:
    """Give new hashes the next running numbers, in the order of the hashes, which is no order of the identities.

    Examples
    --------
    >>> known = pl.DataFrame({"keyed_hash": ["c"], "person_id": [1]})
    >>> numbered(known, pl.Series(["b", "c", "a"])).rows()
    [('c', 1), ('a', 2), ('b', 3)]
    """
    fresh = pl.DataFrame({HASH: hashes.unique()}, schema={HASH: pl.String}).join(known, on=HASH, how="anti").sort(HASH)
    first = known.height + 1
    numbers = pl.int_range(first, first + fresh.height, dtype=pl.Int64, eager=True).alias(NUMBER)
    return pl.concat([known.select(HASH, NUMBER), fresh.with_columns(numbers)])


def write_key_file(path: Path, numbers: pl.DataFrame, secret: Secret) -> None:
    """Write it for its owner alone, whole or not at all."""
    witness = pl.DataFrame({HASH: [secret.witness], NUMBER: [0]}, schema=_SCHEMA)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        pl.concat([witness, numbers]).write_parquet(file)


def refuse_beside_registers(path: Path, *folders: Path) -> None:
    """Refuse a path inside any of the folders, or inside any register folder."""
    inside = [folder for folder in folders if path.resolve().is_relative_to(folder.resolve())]
    inside += [folder for folder in path.resolve().parents if (folder / FILE_NAME).is_file()]
    if inside:
        raise UsageError(
            Problem(
                f"{path.name} would lie in {inside[0].name}, beside what it must be kept apart from",
                "a folder of its own, which users of the registers cannot read",
                "give another path",
            )
        )


def _not_this(path: Path, found: str) -> Problem:
    return Problem(
        f"{path.name}: {found}",
        "the key file that was written with this secret",
        "give the right secret or key file, or a path where there is no file yet",
    )
