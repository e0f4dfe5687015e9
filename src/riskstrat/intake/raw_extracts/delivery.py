"""The files of a delivery, each known for what it is: a raw folder and mappings in, opened files out.

Nothing is read but headers and beginnings. Everything that stands in the way of reading is told at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from riskstrat.errors import ContractError, Problem, number_of, unknown
from riskstrat.intake.identity import masked
from riskstrat.intake.raw_extracts.mapping import FILE_YEAR, NUMBERED, Column, Input, KeyFile, RegisterMapping
from riskstrat.intake.raw_extracts.reading import ENDINGS, Sheet, opened
from riskstrat.intake.raw_extracts.text import UnreadableError, unreadable
from riskstrat.registers.contract import REQUIRED_TABLES

_YEAR = r"((?:19|20)\d\d)"
_MOST_FILES = 10_000


@dataclass(frozen=True, kw_only=True)
class DeliveredFile:
    """A file that is an input of a mapping."""

    register: RegisterMapping
    name: str
    declared: Input
    """`register`, `name` and `declared`: the mapping, the name of its input, and what it declares."""
    sheet: Sheet
    file: str
    """`sheet` and `file`: the file, and what it is called in reports."""
    year: int | None
    """The year in its name, if it has one."""
    columns: dict[str, tuple[tuple[int, str], ...]]
    """Column of the mapping -> the spellings found, the preferred first, as (position, spelling); the position of the
    file's year is -1."""
    unused: tuple[str, ...]
    """Columns that the mapping does not know."""

    @property
    def dataset(self) -> str:
        """Mapping and input, as reports name them."""
        return f"{self.register.name}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A key file: positions of an agency's own numbers and of the common ones."""

    register: str
    sheet: Sheet
    file: str
    own: int
    common: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """All that was delivered and can be read; `without_tables` are files that hold no tables or shall be ignored."""

    files: tuple[DeliveredFile, ...]
    keys: tuple[Keys, ...]
    without_tables: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    path: Path
    file: str
    year: int | None
    register: RegisterMapping
    name: str
    declared: Input | KeyFile


def delivery_of(
    folder: Path, mappings: Sequence[RegisterMapping], *, own: Sequence[str] = (), ignore: Sequence[str] = ()
) -> Delivery:
    """Recognise every file of a raw folder and open it, but those that `ignore` names.

    One `ContractError` lists every file that no mapping knows, that several know, that cannot be read or whose
    separator cannot be told, every column that is missing or there twice, and what names no file: a mapping of the
    user's `own`, or a pattern to ignore.
    """
    paths = _files(folder)
    ignored = {path: [each for each in ignore if _is_named(path, folder, each)] for path in paths}
    data = [path for path in paths if path.suffix.lower() in ENDINGS and not ignored[path]]
    known = "files ending in " + ", ".join(ENDINGS)
    nothing = Problem("no file that holds a table", known, "give another folder", table=masked(folder.name))
    problems: list[Problem] = [] if data else [nothing]
    candidates: list[_Candidate] = []
    read: list[DeliveredFile | Keys] = []
    for path in data:
        try:
            candidates += _recognised(path, folder, mappings)
        except ContractError as error:
            problems += error.problems
    for candidate in candidates:
        try:
            read.append(_opened(candidate))
        except ContractError as error:
            problems += error.problems
    delivered = [each for each in read if isinstance(each, DeliveredFile)]
    problems += [] if problems else _nobody(folder, delivered)
    named = [name for each in ignored.values() for name in each]
    problems += [
        unknown("file", each, [_shown(path, folder) for path in paths]) for each in ignore if each not in named
    ]
    used = {each.register.name for each in candidates}
    remedy = "correct its files, or do not give it"
    problems += [
        Problem("a mapping that fits no file", "a file that it names", remedy, table=name)
        for name in own
        if name not in used
    ]
    ContractError.refuse(problems)
    return Delivery(
        files=tuple(delivered),
        keys=tuple(each for each in read if isinstance(each, Keys)),
        without_tables=tuple(_shown(path, folder) for path in paths if path not in data),
    )


def spelled(names: Iterable[str]) -> tuple[str, ...]:
    """Write out numbered families, in small letters."""
    return tuple(spelling for name in names for spelling in _written_out(small(name)))


def small(name: str) -> str:
    """Write a name in small letters, each as one character, without blanks around it."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _written_out(name: str) -> Iterator[str]:
    found = NUMBERED.search(name)
    if found is None:
        yield name
        return
    for number in range(int(found[1]), int(found[2]) + 1):
        yield from dict.fromkeys(name.replace(found[0], text) for text in (str(number), f"{number:02d}"))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        found = f"no folder {masked(folder.name)!r}"
        raise ContractError(Problem(found, "a folder of extracts", "give another folder"))
    inside = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
    root = folder.resolve()
    files = [path for path in inside if path.resolve().is_relative_to(root)]
    if len(files) > _MOST_FILES:
        raise ContractError(Problem(f"more than {_MOST_FILES} files", "a folder of extracts", "give the folder itself"))
    return files


def _is_named(path: Path, folder: Path, pattern: str) -> bool:
    return any(fnmatchcase(each, pattern) for each in (path.name, path.relative_to(folder).as_posix()))


def _nobody(folder: Path, delivered: Sequence[DeliveredFile]) -> list[Problem]:
    filled = {table for each in delivered for table in each.declared.tables}
    return [
        Problem(
            f"no file that fills {table}",
            f"one of which a mapping makes {table}",
            "add it, or a mapping that knows it",
            table=masked(folder.name),
        )
        for table in REQUIRED_TABLES
        if table not in filled
    ]


def _recognised(path: Path, folder: Path, mappings: Sequence[RegisterMapping]) -> list[_Candidate]:
    """Say what a file is, or refuse it; a key file may be that of several registers."""
    shown = _shown(path, folder)
    found = [
        _Candidate(path, shown, year, register, name, declared)
        for register in mappings
        for name, declared in _declared(register).items()
        for matched, year in [_match(path.stem, declared.files)]
        if matched
    ]
    if len(found) == 1 or (found and all(isinstance(each.declared, KeyFile) for each in found)):
        return found
    names = ", ".join(f"{each.register.name}.{each.name}" for each in found)
    raise ContractError(
        Problem(
            f"a file that several mappings take for theirs ({names})" if found else "a file that no mapping knows",
            "a name that one mapping declares",
            "rename it, give a mapping of your own that names it, or name it with ignore",
            table=shown,
        )
    )


def _declared(register: RegisterMapping) -> dict[str, Input | KeyFile]:
    return {**register.inputs, **({} if register.key_file is None else {"key_file": register.key_file})}


def _match(stem: str, patterns: Iterable[str]) -> tuple[bool, int | None]:
    for pattern in patterns:
        regex = re.escape(small(pattern)).replace(r"\{year\}", _YEAR).replace(r"\*", ".*")
        found = re.fullmatch(regex, small(stem))
        if found:
            year = found[1] if found.groups() else next(iter(re.findall(rf"(?<!\d){_YEAR}(?!\d)", stem)), None)
            return True, int(year) if year else None
    return False, None


def _shown(path: Path, folder: Path) -> str:
    return masked(path.relative_to(folder).as_posix())


def _opened(candidate: _Candidate) -> DeliveredFile | Keys:
    if isinstance(candidate.declared, KeyFile):
        known = spelled((*candidate.declared.own, *candidate.declared.common))
    else:
        known = spelled(name for column in candidate.declared.columns.values() for name in column.names)
    try:
        sheet = opened(candidate.path, lambda header: any(fnmatchcase(small(header), name) for name in known))
    except (UnreadableError, OSError) as error:
        why = str(error) if isinstance(error, UnreadableError) else "no right to read it"
        raise ContractError(unreadable(candidate.file, why)) from error
    if isinstance(candidate.declared, KeyFile):
        return _keys(candidate, sheet, candidate.declared)
    return _delivered(candidate, candidate.declared, sheet)


def _delivered(candidate: _Candidate, declared: Input, sheet: Sheet) -> DeliveredFile:
    headers = [*map(small, sheet.header)]
    found = {
        key: tuple(dict(reversed([*_spellings(column, headers, candidate.year)])).items())[::-1]
        for key, column in declared.columns.items()
    }
    missing = (
        _missing(candidate.file, key, column, sheet)
        for key, column in declared.columns.items()
        if column.required and not found[key]
    )
    ContractError.refuse([*_twice(candidate.file, found, sheet.header), *missing])
    used = {position for positions in found.values() for position, _ in positions}
    return DeliveredFile(
        register=candidate.register,
        name=candidate.name,
        declared=declared,
        sheet=sheet,
        file=candidate.file,
        year=candidate.year,
        columns=found,
        unused=tuple(masked(header) for position, header in enumerate(sheet.header) if position not in used),
    )


def _spellings(column: Column, headers: Sequence[str], year: int | None) -> Iterator[tuple[int, str]]:
    """Where each spelling of a column stands in a header, the preferred spelling first."""
    for name in column.names:
        if name == FILE_YEAR:
            yield from () if year is None else ((-1, name),)
            continue
        for spelling in _written_out(small(name)):
            yield from ((position, name) for position, header in enumerate(headers) if fnmatchcase(header, spelling))


def _twice(file: str, found: dict[str, tuple[tuple[int, str], ...]], header: Sequence[str]) -> Iterator[Problem]:
    headers = [*map(small, header)]
    used = {position for positions in found.values() for position, _ in positions if position >= 0}
    for name in dict.fromkeys(headers[position] for position in sorted(used)):
        if headers.count(name) > 1:
            yield Problem(
                f"{number_of(headers.count(name), 'column')} of that name",
                "one",
                "leave out all but the right one",
                table=file,
                column=masked(name),
            )


def _missing(file: str, key: str, column: Column, sheet: Sheet) -> Problem:
    return Problem(
        f"no such column (read as {sheet.format})",
        "one called " + ", ".join(column.names),
        "add its name here to a mapping of your own, or have the column delivered",
        table=file,
        column=key,
    )


def _keys(candidate: _Candidate, sheet: Sheet, declared: KeyFile) -> Keys:
    headers = [*map(small, sheet.header)]
    sides = {"own": declared.own, "common": declared.common}
    found = {side: [headers.index(name) for name in spelled(names) if name in headers] for side, names in sides.items()}
    ContractError.refuse(
        Problem(
            f"no column of the {side} running numbers",
            "one called " + ", ".join(names),
            "name it in a mapping of your own",
            table=candidate.file,
            column=side,
        )
        for side, names in sides.items()
        if not found[side]
    )
    positions = {side: positions[0] for side, positions in found.items()}
    return Keys(register=candidate.register.name, sheet=sheet, file=candidate.file, **positions)
