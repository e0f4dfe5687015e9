"""Print how many modules and lines each package of src has: `python tests/architecture/count_lines.py`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "riskstrat"


def main() -> None:
    """Print a line for each package, the largest first, and the sum."""
    modules: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in PACKAGE.rglob("*.py"):
        package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        modules[package] += 1
        lines[package] += path.read_text(encoding="utf-8").count("\n")
    for package, count in [*lines.most_common(), ("all", lines.total())]:
        print(f"{package:16}{modules.get(package, modules.total()):5} modules{count:8,} lines")


if __name__ == "__main__":
    main()
