"""The most memory that a process has held."""

from __future__ import annotations

import re
from pathlib import Path


def peak_gib() -> float:
    """Read this process's own peak in GiB; `getrusage` would count that of the process which started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 2**20


def forget_peak() -> None:
    """Count the peak anew from what the process holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
