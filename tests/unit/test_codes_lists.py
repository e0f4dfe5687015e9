"""Named code lists: what ships, and how names and expressions mix."""

from itertools import chain

import pytest

from riskstrat.codes import codelist, codelists
from riskstrat.codes.expression import parse
from riskstrat.errors import UsageError
from riskstrat.registers.contract import AREA_FACTS, CODES

EXACT_CODES = {*chain(*CODES.values()), *AREA_FACTS}


def names() -> list[str]:
    return [found.name for found in codelists()]


def test_lists_are_complete_and_unique():
    assert len(names()) == len(set(names())) > 70
    for found in codelists():
        assert found.code_system in {"icd10_se", "atc", "kva"}
        assert found.status in {"verified", "memory"}
        assert all((found.title_en, found.title_sv, found.source)), found.name


def test_no_list_excludes_codes_or_names_another_list():
    for found in codelists():
        assert found.codes.excluded == ()
        assert not {str(span) for span in found.codes.included} & set(names())


def test_no_list_is_called_like_a_code_of_the_register_contract():
    assert not set(names()) & EXACT_CODES
    assert codelist(", ".join(EXACT_CODES)) == parse(", ".join(EXACT_CODES))


@pytest.mark.parametrize(
    ("name", "codes", "others"),
    [
        ("ischaemic_heart_disease", ["I200", "I219", "I259"], ["I199", "I260"]),
        ("stroke", ["I609", "I639", "I64"], ["I629", "I652", "I693"]),
        ("heart_failure", ["I500", "I110", "I429"], ["I119", "I421"]),
        ("diabetes", ["E109", "E119", "E145"], ["O244", "E159"]),
        ("hip_fracture", ["S7200", "S7210", "S7220"], ["S723", "S320"]),
        ("fragility_fracture", ["S7200", "S525", "S220"], ["S224", "S520"]),
        ("falls", ["W010", "W199"], ["W20", "X59"]),
        ("dementia", ["F009", "G301", "F051"], ["F050", "F04"]),
        ("cancer", ["C349", "C509", "C439"], ["C449", "D051"]),
        ("statins", ["C10AA05"], ["C10AX09"]),
        (
            "antihypertensives",
            ["C02AC01", "C03CA01", "C07AB02", "C08CA01", "C09AA02"],
            ["C01DA02", "C04AD03", "C10AA05"],
        ),
        ("anticoagulants", ["B01AA03", "B01AE07", "B01AF01"], ["B01AC06", "B01AB05"]),
        ("insulins", ["A10AB01"], ["A10BA02"]),
    ],
)
def test_what_a_list_holds(name: str, codes: list[str], others: list[str]):
    assert codelist(name).matching(codes + others, prefix=True) == sorted(codes)


def test_names_and_expressions_mix():
    assert codelist("stroke, G45, not I64") == parse("I60-I61, I63-I64, G45, not I64")
    assert codelist("cvd_major, not stroke") == parse("I20-I25, I60-I69, not I60-I61, not I63-I64")
    assert codelist("I20-I25") == parse("I20-I25")


def test_a_canonical_form_reads_back_as_itself():
    for found in codelists():
        assert codelist(str(found.codes)) == found.codes == codelist(found.name)


def test_bad_parts_are_refused():
    with pytest.raises(UsageError, match="I25-I20"):
        codelist("diabetes, I25-I20")
