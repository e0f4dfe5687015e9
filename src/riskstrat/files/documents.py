"""Results as JSON files that say what they are, written whole or not at all, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from riskstrat.errors import ContractError, Problem
from riskstrat.files.guard import guard_file
from riskstrat.files.staging import whole_file


def write_document(path: Path | str, kind: str, schema: int, content: dict[str, object]) -> Path:
    """Write a result as JSON; an earlier one of its kind is replaced, anything else is refused.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = write_document(Path(folder, "a.json"), "riskstrat example", 1, {"n": 2})
    ...     read_document(path, "riskstrat example", 1, "write_document")["n"]
    2
    """
    target = Path(path)
    guard_file(target, mark=kind)
    with whole_file(target) as file:
        file.write(json.dumps({"format": kind, "schema": schema, **content}, ensure_ascii=False, indent=1).encode())
    return target


def read_document(path: Path | str, kind: str, schema: int, written_by: str) -> dict[str, Any]:
    """Read what `write_document` wrote.

    Examples
    --------
    >>> read_document("pyproject.toml", "riskstrat example", 1, "write_document")
    Traceback (most recent call last):
    ...
    riskstrat.errors.ContractError: no JSON in 'pyproject.toml'; expected ...
    """
    found, wrong = None, "another kind of file or version"
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        wrong = "no JSON"
    if isinstance(found, dict):
        said = found.get("schema")
        if (found.get("format"), type(said), said) == (kind, int, schema):  # true and 1.0 are equal to 1 in Python
            return found
    raise ContractError(
        Problem(f"{wrong} in '{Path(path).name}'", f"{kind}, schema {schema}", f"give the file that {written_by} wrote")
    )
