"""The same index dates followed to another outcome than the condition's own: index 1 June 2019, horizon two years."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from riskstrat.cohort import build_cohort
from riskstrat.cohort.building import follow_outcomes
from riskstrat.declare import AllCauseDeath, FirstEvent
from small_registers import BuildRegisters, MadeUp

INDEX, HORIZON, AS_OF = date(2019, 6, 1), 731, date(2024, 1, 1)
STROKE = FirstEvent(register="diagnoses", codes="I63", settings=("inpatient",))
FRACTURE = FirstEvent(register="diagnoses", codes="S72", settings=("inpatient",))

FOLLOWED = {
    "the other outcome is seen after the condition's own": (
        [(50, "I63"), (300, "S72")],
        None,
        ((1, 300), (0, HORIZON)),
    ),
    "an earlier one leaves nobody out": ([(-900, "S72"), (300, "S72")], None, ((1, 300), (0, HORIZON))),
    "death competes with the other outcome and is one itself": ([(50, "I63")], 400, ((2, 400), (1, 400))),
    "nothing happens": ([], None, ((0, HORIZON), (0, HORIZON))),
    "after the horizon": ([(HORIZON + 1, "S72")], HORIZON + 1, ((0, HORIZON), (0, HORIZON))),
}


@pytest.mark.parametrize(("events", "died", "expected"), FOLLOWED.values(), ids=FOLLOWED.keys())
def test_followed_to_other_outcomes(
    build_registers: BuildRegisters,
    made_up: MadeUp,
    events: list[tuple[int, str]],
    died: int | None,
    expected: tuple[tuple[int, float], tuple[int, float]],
):
    rows = [
        {"person_id": 1, "date": INDEX + timedelta(days=on), "code": code, "setting": "inpatient"}
        for on, code in events
    ]
    born = {"birth_date": date(1940, 1, 1)}
    person = {"person_id": 1, **born, "death_date": None if died is None else INDEX + timedelta(days=died)}
    registers = build_registers(persons=[person, {"person_id": 2, **born}], diagnoses=rows)
    condition = made_up(outcome=STROKE)
    cohort = build_cohort(condition, registers, AS_OF, min_outcomes=0)
    found = follow_outcomes(condition, registers, cohort, [FRACTURE, AllCauseDeath()])
    for one, seen in zip(found, expected, strict=True):
        assert one.people["person_id"].equals(cohort.people["person_id"])
        assert one.people.filter(person_id=1).select("event", "duration_days").row(0) == seen
    assert follow_outcomes(condition, registers, cohort, []) == ()
