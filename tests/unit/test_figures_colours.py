"""Colours in grey: whoever prints without colour, or does not see it, tells what they stand for apart."""

from itertools import combinations, pairwise

import pytest

from riskstrat.figures import CHOSEN_COLOURS
from riskstrat.figures.theme import CLASS_COLOURS, PART_COLOURS, PATTERNS, SEQUENTIAL

SMALLEST_STEP = 0.08


def luminance(colour: str) -> float:
    """Relative luminance of a colour as WCAG defines it."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_what_is_more_is_darker():
    steps = [luminance(one) for one in SEQUENTIAL]
    assert all(lighter - darker > SMALLEST_STEP for lighter, darker in pairwise(steps))


@pytest.mark.parametrize("colours", [CLASS_COLOURS, CHOSEN_COLOURS, PART_COLOURS])
def test_fills_differ_in_grey_or_have_a_pattern_of_their_own(colours: dict[str, str]):
    solid = [fill for fill in colours.values() if fill.startswith("#")]
    patterns = [fill for fill in colours.values() if not fill.startswith("#")]
    assert all(abs(luminance(one) - luminance(other)) > SMALLEST_STEP for one, other in combinations(solid, 2))
    assert len(set(patterns)) == len(patterns)
    assert all(f'id="{fill[5:-1]}"' in PATTERNS for fill in patterns)
