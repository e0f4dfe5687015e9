"""Delimited text of any separator and encoding, block by block: bytes on disk in, frames of texts out.

No value is interpreted here. A frame holds the file's columns, the number of each line, and what is wrong with it.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import Problem

LINE, FAULT = "__line", "__fault"
SEPARATORS = (";", "\t", ",", "|")
BLOCK_BYTES = 16 << 20
LONGEST_LINE = 4 << 20
_SAMPLE_BYTES = 256 << 10
_QUOTE = b'"'
_QUOTED = re.compile(rb'"[^"]*"')
_CONTROLS = frozenset(map(chr, set(range(32)) - {9, 10, 12, 13, 26}))
REPLACED = "\ufffd"
"""Stands where bytes do not fit the encoding of their file; it costs the cell that holds it."""
_ONE_BYTE = ("cp1252", "cp850", "mac_roman")
_LETTERS = {each: re.compile(b"(?<=[A-Za-z])[" + "åäöÅÄÖ".encode(each) + b"](?=[A-Za-z])") for each in _ONE_BYTE}
_UTF8_LETTER = re.compile(rb"[\xc3\xcc][\x80-\xbf]")
"""In a file of one byte a letter: a line that was written as UTF-8."""
_BEYOND_ASCII = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a text file is written."""

    encoding: str
    """See `encoding_of`."""
    skip: int
    """Bytes of the byte-order mark."""
    separator: str
    quoted: bool
    """`separator` and `quoted`: between fields; whether fields may stand in quotation marks."""
    header: tuple[str, ...]
    """Names of the columns."""


def dialect_of(path: Path, known: Callable[[str], bool]) -> Dialect:
    """Find out how a file is written; `UnreadableError` says why it cannot be read.

    The separator is the one that gives most names that are `known` to a mapping.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    encoding, skip = encoding_of(path, known)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample[skip:])
    if not text.strip():
        raise UnreadableError("an empty file")
    if sum(letter in _CONTROLS for letter in text[:4096]) > len(text[:4096]) // 50:
        raise UnreadableError("content that is not text")
    first, *rest = re.split(r"\r\n|\n|\r", text, maxsplit=1)
    if not rest and len(sample) == _SAMPLE_BYTES:
        raise UnreadableError("a first line of more than 256 KiB")
    found = _separator_of(first, known)
    if found is None:
        raise UnreadableError("a separator that cannot be told: two of them give column names that are known")
    quoted = re.search(rf'(?:^|[\r\n{re.escape(found)}])"', text) is not None
    return Dialect(encoding=encoding, skip=skip, separator=found, quoted=quoted, header=_fields(first, found))


def text_frames(path: Path, dialect: Dialect) -> Iterator[pl.DataFrame]:
    """Read the lines after the header as frames of texts.

    Columns by position (``column_0``, ...), `LINE` (from 1 after the header) and `FAULT`: null, or why the line cannot
    be used. `UnreadableError` if a line is longer than `LONGEST_LINE`, or the file ends inside quotation marks.
    """
    first = 1
    for number, block in enumerate(_blocks(path, dialect)):
        body = block if number else block.partition(b"\n")[2]  # without the header
        if body.strip(b"\r\n"):
            frame = _parsed(body, dialect, first)
            first += frame.height
            yield frame


class UnreadableError(Exception):
    """A file cannot be read on; the message says why."""


def encoding_of(path: Path, known: Callable[[str], bool]) -> tuple[str, int]:
    """Decide the encoding of a file on all its bytes, and how many of them are its mark.

    Without a mark, UTF-8 where most lines beyond ASCII are UTF-8; else, of the encodings with one byte a letter, that
    in which most names of the header are `known`, and then that in which most bytes between letters are å, ä or ö.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le", 0
    if head[::2].count(0) > len(head) // 4:
        return "utf-16-be", 0
    return ("utf-8" if _is_utf8(path) else _by_most_lines(path, known)), 0


def _contents(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_SAMPLE_BYTES), b"")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for content in _contents(path):
            decoder.decode(content)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _by_most_lines(path: Path, known: Callable[[str], bool]) -> str:
    fits, letters, header = Counter[bool](), Counter[str](), b""
    for content in _contents(path):
        header = header or re.split(rb"[\r\n]", content, maxsplit=1)[0]
        fits.update(REPLACED not in line.decode("utf-8", "replace") for line in _BEYOND_ASCII.findall(content))
        letters.update({each: len(pattern.findall(content)) for each, pattern in _LETTERS.items()})
    if fits[True] >= fits[False]:
        return "utf-8"
    names = {each: _composed(header.decode(each, "replace")) for each in _ONE_BYTE}
    hits = {each: max(sum(map(known, _fields(name, mark))) for mark in SEPARATORS) for each, name in names.items()}
    return max(_ONE_BYTE, key=lambda each: (hits[each], letters[each]))


def _composed(text: str) -> str:
    """Write each letter as one character: ``a`` and a diaeresis as ``ä``."""
    return unicodedata.normalize("NFC", text)


def _separator_of(first: str, known: Callable[[str], bool]) -> str | None:
    hits = {each: sum(map(known, _fields(first, each))) for each in SEPARATORS}
    best = max(hits.values())
    winners = [each for each in SEPARATORS if hits[each] == best]
    if best == 0 or len(winners) == len(SEPARATORS):
        return max(SEPARATORS, key=first.count)
    return winners[0] if len(winners) == 1 else None


def _fields(line: str, separator: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"').strip() for name in _composed(line).split(separator))


def _blocks(path: Path, dialect: Dialect) -> Iterator[bytes]:
    """Cut the file after whole lines; of UTF-16 in UTF-8."""
    rest = b""
    for piece in _pieces(path, dialect):
        held = rest + piece
        end = _last_line_end(held, dialect.quoted)
        if end < 0 and len(held) > BLOCK_BYTES + LONGEST_LINE:
            raise UnreadableError("quotation marks that never close" if b"\n" in held else "a line of more than 4 MiB")
        yield from (held[: end + 1],) if end >= 0 else ()
        rest = held[end + 1 :]
    if dialect.quoted and rest.count(_QUOTE) % 2:
        raise UnreadableError("an end inside quotation marks (cut off, or a stray mark)")
    if rest:
        yield rest


def _pieces(path: Path, dialect: Dialect) -> Iterator[bytes]:
    decode = codecs.getincrementaldecoder(dialect.encoding)(errors="replace").decode
    narrow = not dialect.encoding.startswith("utf-16")
    with path.open("rb") as file:
        file.seek(dialect.skip)
        while content := file.read(BLOCK_BYTES):
            if len(content) > LONGEST_LINE and b"\n" not in content and b"\r" not in content:
                raise UnreadableError("a line of more than 4 MiB")
            lines = content if narrow else decode(content).encode("utf-8")
            yield lines if b"\n" in lines else lines.replace(b"\r", b"\n")


def _last_line_end(held: bytes, quoted: bool) -> int:
    """Where the last line ends that is not inside quotation marks; -1 if none does."""
    end = held.rfind(b"\n")
    if not quoted or end < 0:
        return end
    marks = held.count(_QUOTE, 0, end)
    while end >= 0 and marks % 2:
        earlier = held.rfind(b"\n", 0, max(held.rfind(_QUOTE, 0, end), 0))
        marks -= held.count(_QUOTE, max(earlier, 0), end)
        end = earlier
    return end


def _parsed(body: bytes, dialect: Dialect, first: int) -> pl.DataFrame:
    width = len(dialect.header)
    lines, table = _aligned(_utf8(body, dialect.encoding), dialect, width)
    plain = lines.str.replace_all('"[^"]*"', "") if dialect.quoted else lines
    extra = width - 1 - plain.str.count_matches(dialect.separator, literal=True).cast(pl.Int32)
    fault = (
        pl.when(lines.str.strip_chars("\r") == "")
        .then(pl.lit("an empty line"))
        .when(extra > 0)
        .then(pl.lit("too few fields"))
        .when(extra < 0)
        .then(pl.lit("too many fields"))
    )
    numbers = pl.int_range(first, first + lines.len(), dtype=pl.UInt32, eager=True)
    return table.select(pl.nth(range(width))).with_columns(
        numbers.alias(LINE), pl.select(fault).to_series().alias(FAULT)
    )


def _aligned(text: bytes, dialect: Dialect, width: int) -> tuple[pl.Series, pl.DataFrame]:
    """Give the lines and their fields; line ends inside quotation marks become blanks."""
    lines, table = _split(text, "\x00", 1, quoted=False)[_name(0)], _fields_of(text, dialect, width)
    if lines.len() == table.height:
        return lines, table
    flat = _QUOTED.sub(lambda field: field[0].replace(b"\r", b" ").replace(b"\n", b" "), text)
    table = _fields_of(flat, dialect, width)
    lines = _split(flat, "\x00", 1, quoted=False)[_name(0)]
    same = lines.len() == table.height
    return lines, table if same else _split(flat, dialect.separator, width + 1, quoted=False)


def _utf8(body: bytes, encoding: str) -> bytes:
    if body.isascii():
        return body
    if encoding in _ONE_BYTE:
        return REPLACED.join(part.decode(encoding, "replace") for part in _UTF8_LETTER.split(body)).encode()
    return body.decode("utf-8", "replace").encode()


def _fields_of(text: bytes, dialect: Dialect, width: int) -> pl.DataFrame:
    try:
        return _split(text, dialect.separator, width + 1, quoted=dialect.quoted)
    except pl.exceptions.PolarsError:  # quotation marks inside quotation marks: the fields are counted without them
        return _split(text, dialect.separator, width + 1, quoted=False)


def _split(text: bytes, separator: str, width: int, *, quoted: bool) -> pl.DataFrame:
    names = [_name(number) for number in range(width)]
    head = separator.join(names).encode() + b"\n"
    return pl.read_csv(
        io.BytesIO(head + text),
        separator=separator,
        quote_char='"' if quoted else None,
        infer_schema=False,
        empty_string_is_null=False,
        truncate_ragged_lines=True,
    )


def _name(position: int) -> str:
    return f"column_{position}"


def unreadable(file: str, why: str) -> Problem:
    """Say that a file cannot be read, and why."""
    return Problem(why, "a whole table of text with separators", "have it delivered again", table=file)
