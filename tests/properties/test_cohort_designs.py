"""Designs of whatever make come back from JSON, and have equal digests exactly where they are equal."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from riskstrat.declare import (
    Age,
    AllCauseDeath,
    AnyOf,
    AtAge,
    AtBirth,
    AtEvent,
    Condition,
    Count,
    DeathFrom,
    Declaration,
    Duration,
    Ever,
    Every,
    Excluding,
    FirstEvent,
    Including,
    Latest,
    LocalisedText,
    MeasuredAbove,
    NthEvent,
    OnDate,
    Population,
    ScoreReaches,
    Sex,
    Wording,
)
from riskstrat.declare.description import describe

codes = st.sampled_from(["I21", "I21-I22, I63", "diabetes", "admission_unplanned"])
lengths = st.sampled_from(["1d", "90d", "1y", "5y"])
windows = lengths | st.just("ever")
registers = st.sampled_from(["diagnoses", "contacts"])
settings_of = st.sampled_from([(), ("inpatient",), ("inpatient", "primary")])
positions = st.sampled_from([(), ("main",)])
texts = st.builds(LocalisedText, en=st.sampled_from(["a", "b"]), sv=st.sampled_from(["å", "b"]))
bounds = st.sampled_from([{}, {"at_least": 48}, {"at_most": 48.5}, {"at_least": 1, "at_most": 2.0}, {"equal_to": 1}])
rows = {"register": registers, "codes": codes, "settings": settings_of, "positions": positions}
washouts = {"washout": st.none() | windows}

events = (
    bounds.flatmap(lambda given: st.builds(FirstEvent, **rows, **washouts, **{k: st.just(v) for k, v in given.items()}))
    | st.builds(NthEvent, **rows, **washouts, n=st.integers(2, 3), span=lengths)
    | st.builds(DeathFrom, codes=codes, **washouts)
    | st.just(AllCauseDeath())
    | st.builds(ScoreReaches, register=registers, level=st.sampled_from([5, 15, 5.5]), within=windows, **washouts)
)
measured = st.builds(
    MeasuredAbove,
    register=registers,
    codes=codes,
    level=st.sampled_from([20, 25.0]),
    age_years=st.sampled_from([(3.5, 5.5), (3, 6)]),
    nearest_years=st.sampled_from([4, 5.0]),
)
outcomes = events | measured | st.lists(events, min_size=1, max_size=3).map(lambda several: AnyOf(*several))
indexes = (
    st.builds(OnDate, date=st.dates(date(2015, 1, 1), date(2015, 1, 3)))
    | st.builds(Every, years=st.integers(1, 2))
    | st.builds(AtAge, months=st.integers(17, 18))
    | st.builds(AtBirth)
    | st.builds(
        AtEvent,
        **rows,
        which=st.sampled_from(["first", "every"]),
        day=st.sampled_from(["start", "end"]),
        washout=st.none() | lengths,
    )
)
having = (
    st.sampled_from([Ever, Count, Duration])
    .flatmap(lambda kind: bounds.map(lambda given: (kind, given)))
    .flatmap(
        lambda drawn: st.builds(
            drawn[0], register=registers, codes=codes, within=windows, **{k: st.just(v) for k, v in drawn[1].items()}
        )
    )
)
populations = st.builds(
    Population,
    age_years=st.sampled_from([(0, 130), (40, 59)]),
    resident_days=st.sampled_from([0, 365]),
    sex=st.sampled_from([None, "female"]),
    including=st.lists(
        st.builds(Including, having=having | st.lists(having, min_size=1, max_size=2).map(tuple), reason=texts),
        max_size=2,
    ).map(tuple),
    excluding=st.lists(st.builds(Excluding, having=having, reason=texts), max_size=2).map(tuple),
    late_entry=st.booleans(),
)
features = st.lists(
    st.sampled_from([Age(), Sex(), Latest(register="m", codes="bmi", within="1y")]), min_size=1, max_size=2, unique=True
)
designs = st.builds(
    Condition,
    name=st.sampled_from(["a", "b"]),
    title=texts,
    wording=st.builds(Wording, people=texts, outcome=texts, cases=texts),
    population=populations,
    index=indexes,
    outcome=outcomes,
    horizon=lengths,
    features=features.map(tuple),
    references=st.sampled_from([(), ("doi:1",)]),
)


@settings(max_examples=examples(50), deadline=None)
@given(design=designs)
def test_a_design_comes_back_from_json(design: Condition):
    again = Condition.from_json(design.to_json())
    assert again == design
    assert hash(again) == hash(design)
    assert again.digest == design.digest
    assert again.to_json() == design.to_json()


@settings(max_examples=examples(100), deadline=None)
@given(one=designs, other=designs)
def test_digests_are_equal_exactly_where_designs_are(one: Condition, other: Condition):
    assert (one == other) is (one.digest == other.digest)


parts = outcomes | indexes | populations
"""Small enough that two drawn ones are often equal."""


@settings(max_examples=examples(150), deadline=None)
@given(one=parts, other=parts)
def test_digests_of_parts_are_equal_exactly_where_the_parts_are(one: Declaration, other: Declaration):
    assert (one == other) is (one.digest == other.digest)


@settings(max_examples=examples(50), deadline=None)
@given(design=designs, outcome=outcomes, index=indexes, population=populations)
def test_a_change_in_any_part_changes_the_digest(
    design: Condition, outcome: Declaration, index: Declaration, population: Population
):
    fields = {name: getattr(design, name) for name in Condition.__dataclass_fields__}
    for name, part in (("outcome", outcome), ("index", index), ("population", population)):
        changed = Condition(**{**fields, name: part})
        assert (changed.digest == design.digest) is (part == fields[name])


@settings(max_examples=examples(40), deadline=None)
@given(design=designs, language=st.sampled_from(["en", "sv"]))
def test_every_design_can_be_read(design: Condition, language: str):
    told = describe(design, language)
    assert design.digest in told
    assert "None" not in told
    assert "LocalisedText(" not in told
