"""Memory of one piece of work given back before the next begins."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back_memory() -> None:
    """Free objects that refer to each other, and return to the system the pages that the C library keeps for later.

    Numbers of a million people are freed here and there among what stays, and glibc alone does not return such pages:
    the next condition would begin with those of the last one.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; other C libraries have none
        if trim is not None:
            trim(0)
