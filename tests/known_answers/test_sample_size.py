"""How many persons a model needs: the answers that R's pmsampsize (Ensor, Martin and Riley) gives in its own tests."""

from __future__ import annotations

import pytest

from riskstrat.estimators import sample_size

BINARY = {
    (24, 0.288, 0.174): [623, 662, 221],  # also the worked example of Riley et al., BMJ 2020;368:m441
    (24, 0.55, 0.174): [255, 532, 221],
    (36, 0.288, 0.174): [934, 992, 221],
    (24, 0.288, 0.25): [623, 590, 289],
}
SURVIVAL = {
    (25, 0.051): 4_286,
    (25, 0.065): 3_335,
    (50, 0.051): 8_572,
    (40, 0.06): 5_798,
    (10, 0.03): 2_950,
    (80, 0.3): 1_974,
}
"""Of a time to event only the first criterion is ours: the others rest on rates there, on the status here."""


@pytest.mark.parametrize("given", BINARY, ids=str)
def test_of_a_binary_outcome(given: tuple[int, float, float]):
    assert sample_size(*given)["needed"].to_list() == BINARY[given]


@pytest.mark.parametrize("given", SURVIVAL, ids=str)
def test_of_a_time_to_event(given: tuple[int, float]):
    assert sample_size(*given, 0.1)["needed"][0] == SURVIVAL[given]
