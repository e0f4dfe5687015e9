"""Whatever was rejected: an intake ends well only if its counts add up and no table lost more than is allowed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from riskstrat.errors import ContractError
from riskstrat.intake import extracts
from riskstrat.intake.losses import refuse_losses
from small_extracts import homes, write

ENDS = st.fixed_dictionaries({end: st.integers(0, 30) for end in ("kept", "merged", "rejected")})
SCHEMA = {"dataset": pl.String, "outcome": pl.String, "rule": pl.String, "rows": pl.Int64}


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), ENDS), st.integers(0, 2), st.floats(0, 1), st.integers(-1, 1))
def test_losses_are_refused_exactly_where_they_are(
    ends: dict[str, dict[str, int]], persons: int, allowed: float, missing: int
):
    came = {name: sum(each.values()) + missing * (name == "a") for name, each in ends.items()}
    rows = [(name, end, "", number) for name, each in ends.items() for end, number in each.items()]
    rows += [(name, "read", "", number) for name, number in came.items()]
    wrong = {"persons"} if not persons else set()
    for name, each in ends.items():
        lost, all_lost = each["rejected"], each["rejected"] == came[name]
        if came[name] != sum(each.values()) or (lost and (lost > allowed * came[name] or (all_lost and allowed < 1))):
            wrong.add(name)
    try:
        refuse_losses(pl.DataFrame(rows, schema=SCHEMA, orient="row"), persons, allowed)
        told = set()
    except ContractError as error:
        told = {problem.table for problem in error.problems}
    assert told == wrong


@settings(max_examples=examples(6), deadline=None)
@given(st.lists(st.sampled_from(["1", "2", "9", ""]), min_size=1, max_size=6), st.sampled_from([0.2, 0.5, 1.0]))
def test_an_intake_ends_well_only_if_its_counts_add_up(sexes: list[str], allowed: float):
    people = "".join(f"{number};195003;{sex}\n" for number, sex in enumerate(sexes, 1))
    lost = sum(sex in ("9", "") for sex in sexes)
    with TemporaryDirectory() as place:
        raw, out = Path(place) / "raw", Path(place) / "out"
        numbers = tuple(range(1, len(sexes) + 1))
        write(raw, {"RTB_demografi.csv": "LopNr;fodelseman;Kon\n" + people, **homes(people=numbers)})
        if lost > allowed * len(sexes) or lost == len(sexes):
            with pytest.raises(ContractError):
                extracts(raw, out, max_rejected_share=allowed)
            assert not out.exists()
            return
        found = extracts(raw, out, max_rejected_share=allowed)
        assert found.account.rows_of("persons", "made") == len(sexes)
        assert found.account.rows_of("persons", "kept") == len(sexes) - lost
        assert found.registers.births.height == len(sexes) - lost
