"""The guard of every folder and file that a command writes: nothing is replaced but its own earlier result."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from riskstrat.errors import Problem, UsageError

RESULT_FILE = ".riskstrat.json"
"""File in every result folder: the command that wrote it, and the SHA-256 of each file that it wrote."""
NAMES_SHOWN = 5

_MARK_BYTES = 4096
_IGNORED = {".DS_Store", "Thumbs.db"}
_IDENTITY_LIKE = re.compile(r"\d{6,8}[-+]?\d{4}")
_ELSEWHERE = "give another folder"

Source = str | Path
"""A file, a folder or the address of a database."""


def guard_folder(target: str | Path, *, command: str, sources: Iterable[Source] = ()) -> None:
    """Refuse a target that a command may not replace as a whole.

    It must not exist, be empty, or be an earlier result of the same command to which nothing was added and in which no
    file was changed. It is no link and no file; it neither is, contains nor lies inside a source or the result of
    another command; it does not contain the current folder or the home folder.
    """
    guard_location(target, sources, replaced=True)
    guard_content(Path(target).resolve(), command)


def guard_shared_folder(target: str | Path, *, sources: Iterable[Source] = ()) -> None:
    """Refuse a target to which a command may not add files of its own.

    It may hold other things, which stay. It is no link and no file, and neither is nor lies inside a source or the
    result of a command that writes whole folders.
    """
    guard_location(target, sources, replaced=False)


def guard_location(target: str | Path, sources: Iterable[Source], *, replaced: bool) -> None:
    """Refuse a target because of where it is; `replaced` if all that is in it would be replaced."""
    UsageError.refuse(_location_problems(Path(target), tuple(sources), replaced=replaced))


def guard_file(path: str | Path, *, mark: str) -> None:
    """Refuse to replace what has not the mark of its kind within its first 4,096 bytes, or is a link or a folder."""
    file = Path(path)
    if os.path.lexists(file) and (file.is_symlink() or not file.is_file() or not _has_mark(file, mark)):
        kind = "a link" if file.is_symlink() else "something that riskstrat did not write"
        expected = "a new file, or an earlier one of the same kind, which is replaced"
        raise UsageError(Problem(f"{kind} at '{_shown(file.name)}'", expected, "move it, or give another path"))


def mark_result(folder: Path, command: str) -> None:
    """Note in `RESULT_FILE` which command wrote a folder, and the SHA-256 of every file in it."""
    files = {name: _digest(folder / name) for name in sorted(_entries(folder)) if name != RESULT_FILE}
    text = json.dumps({"command": command, "files": files}, indent=1, ensure_ascii=False)
    (folder / RESULT_FILE).write_text(text + "\n", encoding="utf-8")


def changed_since_written(file: Path) -> str | None:
    """Name the command that wrote a file which is no longer as it was written, damaged or edited.

    Examples
    --------
    >>> changed_since_written(Path("data_samples/modellstad/persons.parquet")) is None
    True
    """
    earlier = _earlier_result(file.parent)
    if earlier is None or file.name not in earlier[1]:
        return None
    return None if _is_as_written(file.parent, file.name, earlier[1]) else earlier[0]


def guard_content(folder: Path, command: str, name: str | None = None) -> None:
    """Refuse a folder in which something would be lost if it were replaced; `name` is what the error calls it."""
    UsageError.refuse(_content_problems(folder, command, _shown(name or folder.name)))


def _location_problems(target: Path, sources: tuple[Source, ...], *, replaced: bool) -> Iterator[Problem]:
    folder = target.resolve()
    named = f"the folder '{_shown(folder.name)}'"
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if target.is_symlink():
        yield Problem(f"'{_shown(target.name)}' is a link", "a folder", "name what it points to")
    if not existing.is_dir():
        yield Problem(f"'{_shown(existing.name)}' is a file", "a folder, or a path where nothing is yet", _ELSEWHERE)
    if replaced and (os.path.ismount(folder) or any(_is_within(path, folder) for path in _needed_folders())):
        found = f"{named} is or holds the current folder, the home folder or a mounted disk"
        yield Problem(found, "a folder of its own", "give a folder inside it")
    yield from _source_problems(folder, sources, replaced=replaced)
    for holder in folder.parents if replaced else (folder, *folder.parents):
        earlier = _earlier_result(holder)
        if earlier:
            found = f"{named} {'is' if holder == folder else 'lies inside'} a result of {earlier[0]}"
            yield Problem(found, "a folder apart from it", _ELSEWHERE)


def _source_problems(folder: Path, sources: Iterable[Source], *, replaced: bool) -> Iterator[Problem]:
    for paths in map(_paths_of, sources):
        relations = ((path, _relation(folder, path, replaced=replaced)) for path in paths)
        path, relation = next((each for each in relations if each[1]), (folder, ""))
        if relation:
            found = f"the folder '{_shown(folder.name)}' {relation} the source '{_shown(path.name)}'"
            yield Problem(found, "a folder apart from what is read", _ELSEWHERE)


def _needed_folders() -> Iterator[Path]:
    yield Path.cwd()
    with suppress(RuntimeError):  # nobody's home is known
        yield Path.home().resolve()


def _paths_of(source: Source) -> tuple[Path, ...]:
    """Name a source as it is written and where its links lead; nothing for a database on a server."""
    text = str(source)
    if "://" in text:
        parts = urlsplit(text)
        in_a_file = parts.scheme in {"sqlite", "duckdb"} and parts.path.strip("/")
        return _paths_of(Path(unquote(parts.path[1:]))) if in_a_file else ()
    return (Path(os.path.abspath(text)), Path(text).resolve())  # noqa: PTH100 - links are not followed


def _relation(folder: Path, source: Path, *, replaced: bool) -> str:
    if _is_same(folder, source):
        return "is"
    if _is_within(folder, source):
        return "lies inside"
    return "contains" if replaced and _is_within(source, folder) else ""


def _is_within(inner: Path, outer: Path) -> bool:
    return any(_is_same(path, outer) for path in (inner, *inner.parents))


def _is_same(first: Path, second: Path) -> bool:
    """Compare the files themselves where they exist: a disk may not tell capitals from small letters."""
    try:
        return first.samefile(second)
    except OSError:
        return first == second


def _content_problems(folder: Path, command: str, name: str) -> Iterator[Problem]:
    held = [name for name in _entries(folder) if Path(name).name not in _IGNORED] if folder.exists() else []
    if not held:
        return
    earlier = _earlier_result(folder)
    expected = f"a new or empty folder, or an earlier result of {command}, which is replaced"
    if earlier is None:
        yield Problem(f"the folder '{name}' holds other things: {_listed(held)}", expected, _ELSEWHERE)
    elif earlier[0] != command:
        found = f"the folder '{name}' is a result of {earlier[0]}"
        yield Problem(found, expected, "give another folder, or remove this one yourself")
    else:
        added = [name for name in held if name != RESULT_FILE and not _is_as_written(folder, name, earlier[1])]
        if added:
            found = f"files in '{name}' were added or changed since {command} wrote it: {_listed(added)}"
            yield Problem(found, expected, "move them elsewhere, or give another folder")


def _is_as_written(folder: Path, name: str, written: Mapping[str, str]) -> bool:
    if name.endswith("/"):
        return any(each.startswith(name) for each in written)
    return written.get(name) == _digest(folder / name)


def _earlier_result(folder: Path) -> tuple[str, Mapping[str, str]] | None:
    """Read which command wrote a folder, and the digest of each file; None where no command did."""
    file = folder / RESULT_FILE
    if file.is_symlink() or not file.is_file():
        return None
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return str(said["command"]), dict(said["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _entries(folder: Path, prefix: str = "") -> Iterator[str]:
    """Name every file, link and empty folder below a folder; links are not followed, empty folders end in a slash."""
    for entry in os.scandir(folder):
        name = f"{prefix}{entry.name}"
        if not entry.is_dir(follow_symlinks=False):
            yield name
        elif any(Path(entry.path).iterdir()):
            yield from _entries(Path(entry.path), f"{name}/")
        else:
            yield f"{name}/"


def _digest(path: Path) -> str:
    """Name what is in a file; nothing for what is no file."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - NAMES_SHOWN
    return ", ".join(map(_shown, ordered[:NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _shown(name: str) -> str:
    """Leave out what may be a personal identity number in the name of a file."""
    return _IDENTITY_LIKE.sub("…", name)


def _has_mark(file: Path, mark: str) -> bool:
    with file.open("rb") as opened:
        return mark.encode() in opened.read(_MARK_BYTES)
