"""Where known answers lie: those of the repository, and those that their licence keeps beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

REFERENCE = Path(__file__).parent / "reference_data"
BESIDE = Path(__file__).parents[2] / "shared"
"""A folder beside the repository, which a clone has not."""


def needs_beside(folder: str, licence: str) -> pytest.MarkDecorator:
    """Skip a test where data are absent that may not be copied into the repository.

    The reason is one of those in `tests/expected_skips.toml`.
    """
    return pytest.mark.skipif(
        not (BESIDE / folder).exists(), reason=f"{folder} is not beside the repository ({licence})"
    )
