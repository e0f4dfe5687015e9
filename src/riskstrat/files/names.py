"""Names of files that come from outside, judged in one place: each is one file of its folder, on every disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from riskstrat.errors import Problem, printable, repeated

LONGEST_BYTES = 120
"""A file system takes 255; what is made of a name has endings, and a name of its own while it is written."""

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]|^[. ]|[. ]$')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def file_name_problems(names: Iterable[str]) -> Iterator[Problem]:
    r"""Give what is wrong with names of files in one folder.

    A name holds no part of a path and no character that a disk refuses, names no device of Windows, is not too long,
    and differs from every other in more than capitals.

    Examples
    --------
    >>> [str(each) for each in file_name_problems(["a.parquet", "../b", "A.parquet"])]  # doctest: +ELLIPSIS
    ["'../b' is no name of a file; ...", "'A.parquet' and 'a.parquet' are one file where capitals do not count; ..."]
    """
    given = [*names]
    for name in dict.fromkeys(given):
        if _UNFIT.search(name) or _DEVICE.fullmatch(name) or not 0 < len(name.encode()) <= LONGEST_BYTES:
            yield Problem(
                f"'{printable(name[:LONGEST_BYTES])}' is no name of a file",
                f"letters, digits, blanks, dots and hyphens, at most {LONGEST_BYTES} bytes, and no folder",
                "rename it",
            )
    for twice in repeated(name.casefold() for name in given):
        alike = " and ".join(f"'{printable(name)}'" for name in sorted(given) if name.casefold() == twice)
        yield Problem(f"{alike} are one file where capitals do not count", "a file each", "rename one")
