"""What was released before: the rule, the secret and the tables of each edition, in a file beside the study.

A later edition under another rule tells more of the same counts than either alone, and many editions let the mean of
their noise be taken; such an edition is refused unless it is asked for by name. The file holds nothing that was not
released.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from math import erf
from pathlib import Path
from typing import Literal, get_args

from riskstrat.disclosure import Disclosure, to_csv
from riskstrat.errors import Problem, UsageError, unknown
from riskstrat.files import whole_file
from riskstrat.publication.published import Published
from riskstrat.records.partition import Partition

Change = Literal["rule", "secret", "partition", "edition"]
CHANGES: tuple[Change, ...] = get_args(Change)
CLOSE_DAYS = 365
"""Editions no further apart than this count nearly the same persons."""
_FORMAT = "riskstrat release record 1"
_SAID = {
    "rule": (
        "released under another rule",
        "what is shown under two rules can be compared, and tells the counts behind it more exactly than either",
    ),
    "secret": (
        "released with another secret",
        "the same counts get other noise, and the mean of two editions is nearer to the truth than either",
    ),
    "partition": (
        "released by other units",
        "units that differ by a small area tell of it by subtraction",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One release of a study.

    Attributes
    ----------
    number
        1 for the first.
    condition, as_of, version, digest
        Which study it was, as it was published.
    rule
        Settings of the `Disclosure`.
    secret
        Names the secret without telling it.
    partition
        The units, as `Partition.to_json` writes them; None where there are no areas.
    tables
        SHA-256 of each released table as CSV, by name.
    source
        Names the data under the secret; of the same data on the same day all counts have the same noise.

    """

    number: int
    condition: str
    as_of: str
    version: str
    digest: str
    rule: Mapping[str, object]
    secret: str
    partition: str | None
    tables: Mapping[str, str]
    source: str = ""

    @classmethod
    def of(cls, published: Published, last: Edition | None) -> Edition:
        """Describe a release; it has the number of the last one where it is the same."""
        files = {name: to_csv(table.frame).encode() for name, table in published.tables.items()}
        tables = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        edition = cls(
            number=1 if last is None else last.number,
            condition=published.condition.name,
            as_of=published.as_of.isoformat(),
            version=published.version,
            digest=published.digest,
            rule=asdict(published.disclosure),
            secret=published.secret,
            partition=None if published.partition is None else published.partition.to_json(),
            tables=tables,
            source=published.source.fingerprint,
        )
        return edition if last in (None, edition) else replace(edition, number=edition.number + 1)


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """The editions of a study that were released to one place, oldest first, and the file that says so."""

    path: Path
    editions: tuple[Edition, ...] = ()

    @classmethod
    def read(cls, path: Path) -> ReleaseRecord:
        """Read it, empty where there is no file; a `UsageError` where the file is no record of releases."""
        if not path.exists():
            return cls(path=path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] == _FORMAT:
                return cls(path=path, editions=tuple(Edition(**edition) for edition in content["editions"]))
        except (OSError, ValueError, TypeError, KeyError):
            pass
        raise UsageError(
            Problem(
                f"{path.name} is no record of releases",
                "the file that an earlier run wrote, or none",
                "move it away; without it nobody knows what was released before",
            )
        )

    @property
    def last(self) -> Edition | None:
        """The latest edition; None where there is none."""
        return self.editions[-1] if self.editions else None

    @property
    def partition(self) -> Partition | None:
        """The units of the latest edition, for the next one; None where there are none."""
        kept = None if self.last is None else self.last.partition
        return None if kept is None else Partition.from_json(kept)

    def refuse_changes(
        self,
        rule: Disclosure,
        secret: str,
        partition: Partition | None = None,
        allowed: Collection[str] = (),
        *,
        as_of: date,
        source: str,
    ) -> None:
        """Refuse what differs from the last edition, or is one too many, unless that is allowed by name."""
        UsageError.refuse(unknown("change", each, CHANGES) for each in allowed if each not in CHANGES)
        if self.last is None or rule.is_working_material:
            return
        changed = {
            "rule": _settings(self.last.rule, rule),
            "secret": [] if self.last.secret == secret else ["its file is another"],
            "partition": _units(self.partition, partition),
        }
        problems = {change: _problem(self.last, change, moved) for change, moved in changed.items() if moved}
        close = self.close_to(as_of, source, secret)
        # An edition under another secret is asked for by that name.
        if len(close) > bool(changed["secret"]):
            problems["edition"] = _too_many(close, rule.noise, as_of)
        UsageError.refuse(problem for change, problem in problems.items() if change not in allowed)

    def close_to(self, as_of: date, source: str, secret: str) -> list[Edition]:
        """Find editions of nearly the same persons whose counts have other noise: one for each day, data and secret.

        Of several editions their mean tells more of a count than each (`share_guessed`).
        """
        found = {(each.as_of, each.source, each.secret): each for each in self.editions}
        found.pop((as_of.isoformat(), source, secret), None)
        return [each for each in found.values() if abs((date.fromisoformat(each.as_of) - as_of).days) <= CLOSE_DAYS]

    def add(self, published: Published, path: Path | None = None) -> None:
        """Write the record with a further edition, whole or not at all, to its own file or another.

        An edition that is the same as the last is not added, working material never.
        """
        if published.disclosure.is_working_material:
            return
        editions = {each.number: asdict(each) for each in (*self.editions, Edition.of(published, self.last))}
        content = json.dumps({"format": _FORMAT, "editions": list(editions.values())}, ensure_ascii=False, indent=1)
        target = path or self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as file:
            file.write(f"{content}\n".encode())


def _settings(before: Mapping[str, object], rule: Disclosure) -> list[str]:
    now = json.loads(json.dumps(asdict(rule)))
    return [f"{name} {before.get(name)} became {value}" for name, value in now.items() if before.get(name) != value]


def _units(before: Partition | None, now: Partition | None) -> list[str]:
    """Name the units that are not those of the last edition."""
    if before is None or now is None:
        return []
    moved = sorted(set(now.areas.rows()) ^ set(before.areas.rows()))
    return sorted({unit for _, unit, _ in moved})


def _problem(last: Edition, change: str, changed: list[str]) -> Problem:
    found, reveals = _SAID[change]
    return Problem(
        f"edition {last.number} of {last.condition} was {found}: {', '.join(changed)}",
        f"the same {change} for all editions, because {reveals}",
        f"keep it, or ask for the change by its name, {change}",
    )


def _too_many(close: list[Edition], noise: int, as_of: date) -> Problem:
    now, then = (share_guessed(noise, len(close) + more) for more in (0, 1))
    days = ", ".join(sorted(each.as_of for each in close))
    return Problem(
        f"editions of {close[0].condition} within a year of {as_of}, whose counts have other noise: {days}",
        "one edition a year, because two that differ by one person can tell that person's outcome to somebody "
        f"who knows all the others; from their mean {then:.0%} of counts are guessed right instead of {now:.0%}",
        "publish when a year has gone, use working material for work inside, or ask for it by its name, edition",
    )


def share_guessed(noise: int, editions: int) -> float:
    """Share of counts that the best guess hits: the mean of so many editions, whose noise is at most `noise`.

    The mean of the noise is nearly normal with the standard deviation noise / sqrt(18 editions); the guess is right
    where it is nearer to 0 than a half.
    """
    return erf(1.5 * editions**0.5 / noise)
