"""Words of a condition that name nothing in registers are errors, all at once, with what they may have meant."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import riskstrat as rs
from riskstrat.declare import (
    Age,
    AnyOf,
    AreaFact,
    AtEvent,
    BirthRegion,
    Condition,
    Count,
    Ever,
    Excluding,
    Feature,
    FirstEvent,
    GrowthZ,
    Latest,
    LocalisedText,
    Population,
    ScoreReaches,
    SinceFirst,
)
from riskstrat.errors import ContractError, UsageError
from riskstrat.registers import Registers
from riskstrat.vocabulary import SMALL_TABLE, check_condition, check_features
from small_registers import BuildRegisters, MadeUp

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
AS_OF = date(2024, 1, 1)
PERSONS = [{"person_id": number, "birth_date": date(1950, 1, 1)} for number in range(1, 11)]
FRAILTY = replace(rs.conditions.load("frailty"), subgroups=(), sensitivities=())


@pytest.fixture(scope="module")
def sample() -> Registers:
    return rs.open_registers(SAMPLE)


def diagnosed(codes: str, **fields: object) -> Ever:
    return Ever(register="diagnoses", codes=codes, **fields)


def excluding(having: Ever) -> Population:
    return Population(excluding=(Excluding(having=having, reason=LocalisedText(en="x", sv="x")),))


WRONG: dict[str, tuple[Feature, str]] = {
    "a misspelt list": (diagnosed("hart_failure"), "did you mean 'heart_failure'"),
    "the beginning of a list": (Count(register="prescriptions", codes="statin"), "did you mean 'statins'"),
    "a list of another classification": (diagnosed("statins"), "'statins', a list of atc codes; expected codes of icd"),
    "a part among others": (diagnosed("I20-I25, dyabetes, not I252"), "did you mean 'diabetes'"),
    "what is excluded": (diagnosed("I20-I25, not angina_pectoris"), "'angina_pectoris', which is no named list"),
    "no code of the classification": (diagnosed("410"), "'410', which is no named list and cannot be a code"),
    "digits for letters": (diagnosed("121"), "'121'"),
    "a range of another classification": (diagnosed("C10AA-C10AB"), "'C10AA-C10AB'"),
    "a diagnosis among drugs": (Count(register="prescriptions", codes="I219"), "expected codes of atc"),
    "a code of an exact table": (
        Latest(register="measurements", codes="systolic_mmgh"),
        "did you mean 'systolic_mmhg'",
    ),
    "a list in an exact table": (Ever(register="contacts", codes="stroke"), "named lists stand for"),
    "a setting": (diagnosed("I10", settings=("inpat",)), "no setting 'inpat'.*did you mean 'inpatient'"),
    "a position in capitals": (diagnosed("I10", positions=("Main",)), "no position 'Main'.*did you mean 'main'"),
    "a region": (BirthRegion(regions=("asia", "mars")), "no region of birth 'mars'; expected one of"),
    "a fact of areas": (AreaFact("care_need_indx"), "did you mean 'care_need_index'"),
    "a table": (Ever(register="diagnosis", codes="I10"), "no table 'diagnosis'.*did you mean 'diagnoses'"),
    "the event of a window": (
        diagnosed("I10", within=SinceFirst(register="diagnoses", codes="hart_failure")),
        "did you mean 'heart_failure'",
    ),
    "of a relative": (diagnosed("hart_failure", relative="mother"), "did you mean 'heart_failure'"),
    "hardly a fact of areas": (AreaFact("unheard_of"), "no fact of areas 'unheard_of'"),
    "the gestation of a birth weight": (
        GrowthZ(register="births", codes="birth_weight_g", reference="marsal", gestation="gestational_days"),
        "no code 'gestational_days'",
    ),
}


@pytest.mark.parametrize(("feature", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_feature_that_names_nothing_is_an_error(sample: Registers, feature: Feature, said: str):
    with pytest.raises(UsageError, match=said):
        check_condition(replace(FRAILTY, features=(Age(), feature)), sample)


@pytest.mark.parametrize(("feature", "said"), WRONG.values(), ids=WRONG.keys())
def test_features_alone_are_refused_too(sample: Registers, feature: Feature, said: str):
    with pytest.raises(UsageError, match=said):
        check_features((Age(), feature), sample)


RIGHT: dict[str, Feature] = {
    "a code that is not recorded": diagnosed("Q90"),
    "a beginning": diagnosed("I2, E"),
    "other spellings": diagnosed("i21.9, J45-P"),
    "everything": diagnosed("*"),
    "a range that is recorded in part": diagnosed("I60-I69, not I69"),
    "a kind of the data contract that no row has": Latest(register="measurements", codes="diastolic_mmhg"),
    "a chemical substance": Count(register="prescriptions", codes="C10AA05, N06A"),
    "a setting of the contract": Count(register="prescriptions", codes="C10", settings=("primary",)),
}


@pytest.mark.parametrize("feature", RIGHT.values(), ids=RIGHT.keys())
def test_what_can_be_is_no_error(sample: Registers, feature: Feature):
    check_condition(replace(FRAILTY, features=(Age(), feature)), sample)


FALL = FirstEvent(register="diagnoses", codes="hip_fracture", settings=("inpatient",))
EMPTY: dict[str, dict[str, object]] = {
    "outcome": {"outcome": FirstEvent(register="diagnoses", codes="Q90")},
    "one of four": {"outcome": AnyOf(*FRAILTY.outcome.outcomes[:3], replace(FALL, codes="Q90"))},
    "a code in no row of the setting": {"outcome": replace(FALL, positions=("underlying",))},
    "exclusion": {"population": excluding(diagnosed("Q90"))},
    "index": {"index": AtEvent(register="diagnoses", codes="Q90")},
    "points of settings that are not there": {
        "outcome": ScoreReaches(register="prescriptions", level=5, settings=("inpatient",)),
    },
}  # fmt: skip


@pytest.mark.parametrize("fields", EMPTY.values(), ids=EMPTY.keys())
def test_who_is_eligible_and_who_has_the_outcome_must_match_a_row(sample: Registers, fields: dict[str, object]):
    with pytest.raises(UsageError, match=r"no row of .* which the (outcome|population|index) asks for"):
        check_condition(replace(FRAILTY, **fields), sample)


def test_everything_wrong_is_listed_at_once(sample: Registers):
    outcomes = (*FRAILTY.outcome.outcomes, replace(FALL, codes="hip_fractur"), replace(FALL, codes="Q90"))
    features = tuple(feature for feature, _ in WRONG.values())
    condition = replace(FRAILTY, outcome=AnyOf(*outcomes), features=features)
    with pytest.raises(UsageError) as refused:
        check_condition(condition, sample)
    assert len(refused.value.problems) == len({str(problem) for problem in refused.value.problems})
    told = str(refused.value)
    assert all(
        word in told for word in ("'hip_fracture'", "`Q90`", "'mars'", "'Main'", "'heart_failure'", "'diagnoses'")
    )


@pytest.mark.parametrize("ask", [rs.build_cohort, rs.target_population, rs.prepare])
def test_every_door_refuses(sample: Registers, ask: object):
    condition = replace(FRAILTY, features=(Age(), diagnosed("hart_failure")))
    with pytest.raises(UsageError, match="heart_failure"):
        ask(condition, sample, AS_OF)  # type: ignore[operator]


def test_the_dry_run_and_the_features_refuse(sample: Registers):
    with pytest.raises(UsageError, match="heart_failure"):
        rs.check(sample, replace(FRAILTY, features=(diagnosed("hart_failure"),)))
    target = rs.target_population(FRAILTY, sample, AS_OF)
    with pytest.raises(UsageError, match="heart_failure"):
        rs.build_features([diagnosed("hart_failure")], target, sample)
    with pytest.raises(ContractError, match="no such table"):
        rs.build_features([Ever(register="school", codes="x")], target, sample)


def test_features_that_no_row_is_about_are_counted_in_notes(sample: Registers):
    assert [note.en for note in rs.target_population(FRAILTY, sample, AS_OF).notes] == [
        "no row of the registers is about 1 of 24 features: Parkinson's disease"
    ]
    rare = (
        diagnosed("Q90"),
        diagnosed("E11", positions=("external",)),
        Latest(register="measurements", codes="waist_cm"),
    )
    notes = check_condition(replace(FRAILTY, features=(Age(), *rare, diagnosed("I50"))), sample)
    assert [note.en.partition(":")[0] for note in notes] == ["no row of the registers is about 3 of 5 features"]
    assert notes[0].sv.startswith("ingen rad i registren rör 3 av 5 variabler: ")
    assert all(feature.column in notes[0].en for feature in rare)


def rows(number: int, code: str = "E119") -> list[dict[str, object]]:
    start = date(2010, 1, 1)
    return [{"person_id": 1 + n % 10, "date": start + timedelta(days=n), "code": code} for n in range(number)]


def test_in_a_small_table_an_outcome_without_rows_is_noted(build_registers: BuildRegisters, made_up: MadeUp):
    small = build_registers(PERSONS, diagnoses=rows(SMALL_TABLE - 1))
    assert [note.en for note in check_condition(made_up(), small)] == ["no row of `I63` in diagnoses, a small table"]
    with pytest.raises(UsageError, match="no row of `I63` in diagnoses, which the outcome asks for"):
        check_condition(made_up(), build_registers(PERSONS, diagnoses=rows(SMALL_TABLE)))
    with pytest.raises(UsageError, match="cannot be a code"):
        check_condition(made_up(outcome=FirstEvent(register="diagnoses", codes="strok")), small)


def test_a_table_of_own_words_knows_its_rows_and_its_units(build_registers: BuildRegisters, made_up: MadeUp):
    lab = {"lab": {"units": {"grip_strength_kg": "kg"}}}
    registers = build_registers(PERSONS, diagnoses=[], manifest=lab, lab=rows(SMALL_TABLE, "chair_stand_s"))

    def notes(code: str) -> tuple[LocalisedText, ...]:
        return check_condition(replace(made_up(), features=(Latest(register="lab", codes=code),)), registers)

    assert len(notes("chair_stand_s")) == 1
    assert len(notes("grip_strength_kg")) == 2
    for wrong in ("chair_stnd_s", "grip_strength", "balance"):
        with pytest.raises(UsageError, match=f"no code '{wrong}'"):
            notes(wrong)


@pytest.mark.parametrize(("held", "named"), [("Z 99", '"Z 99"'), ("Z99.1  ", "Z99.1"), ("home care  ", '"home care"')])
def test_the_remedy_for_a_code_with_blanks_works(
    held: str, named: str, build_registers: BuildRegisters, made_up: MadeUp
):
    registers = build_registers(PERSONS, diagnoses=[], lab=rows(SMALL_TABLE, held))

    def notes(code: str) -> int:
        return len(check_condition(replace(made_up(), features=(Latest(register="lab", codes=code),)), registers))

    with pytest.raises(UsageError, match=re.escape(f"did you mean '{named.replace('.', '')}'")):
        notes(f"{named[:4]}x{named[4:]}")
    assert notes(named) == notes("*") == 1


def test_a_setting_of_the_manifest_or_of_the_rows_is_known(build_registers: BuildRegisters, made_up: MadeUp):
    delays = {"diagnoses": {"delay_days": {"home_visit": 10}}}
    registers = build_registers(PERSONS, manifest=delays, diagnoses=[{**rows(1)[0], "setting": "ward_a"}])
    for known in ("home_visit", "ward_a", "inpatient"):
        check_condition(made_up(outcome=FirstEvent(register="diagnoses", codes="I63", settings=(known,))), registers)
    with pytest.raises(UsageError, match=r"no setting 'ward_b'.*did you mean 'ward_a'"):
        check_condition(made_up(outcome=FirstEvent(register="diagnoses", codes="I63", settings=("ward_b",))), registers)


def test_tables_of_features_that_are_not_there_are_told(build_registers: BuildRegisters, made_up: MadeUp):
    condition = replace(made_up(), features=(Age(), Count(register="services", codes="home_care"), AreaFact("cni")))
    notes = check_condition(condition, build_registers(PERSONS, diagnoses=[]))
    assert notes[1].en == "there is no table services: its features cannot be computed"
    assert "1 of 3 features: area_cni" in notes[2].en


LISTS = [found.name for found in rs.codes.codelists() if found.code_system == "icd10_se"]


@given(name=st.sampled_from(LISTS), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_list_with_a_letter_lost_is_refused_by_name(sample: Registers, name: str, data: st.DataObject):
    position = data.draw(st.integers(0, len(name) - 1))
    misspelt = name[:position] + name[position + 1 :]
    condition: Condition = replace(FRAILTY, features=(diagnosed(misspelt),))
    if misspelt in LISTS or len(misspelt) < 4:
        return
    with pytest.raises(UsageError, match=f"'{misspelt}', which is no named list"):
        check_condition(condition, sample)
