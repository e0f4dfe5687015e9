"""Notebooks without what they showed: a filter for git, so that outputs on one's own registers are not committed.

In: a notebook on standard input. Out: the same without outputs and execution counts.
"""

from __future__ import annotations

import json
import sys


def strip_outputs(notebook: str) -> str:
    """Take everything out of a notebook that running it has put there."""
    parsed = json.loads(notebook)
    for cell in parsed["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
            cell.get("metadata", {}).pop("execution", None)
        cell.pop("attachments", None)
    parsed.get("metadata", {}).pop("widgets", None)
    return json.dumps(parsed, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(strip_outputs(sys.stdin.buffer.read().decode("utf-8")).encode("utf-8"))
