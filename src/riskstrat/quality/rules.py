"""Every rule of the quality check: its name, how grave a breach is, and the sentence that tells of it.

A rule is found broken elsewhere (`rows`, `persons`, `years`); what it means is said here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from riskstrat.records.findings import Severity
from riskstrat.registers.checks import BEFORE_BIRTH, NO_PERSON

NOBODY_ELIGIBLE, NOT_READ = "nobody is eligible", "not read"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that may be wrong with registers.

    Parameters
    ----------
    severity
        ``error`` where results would be wrong or rows are left out, ``warning`` where they may be, ``note`` for what is
        often right.
    sentence
        What is said, with the fields ``{rows}`` (how many break it), ``{of}`` (of how many), ``{share}`` and
        ``{about}`` (the code, year or day).

    Examples
    --------
    >>> rule = RULES["own parent"]
    >>> rule.severity, rule.sentence.format(rows=7)
    ('error', '7 people are their own mother or father')
    """

    severity: Severity
    sentence: str


def _error(sentence: str) -> Rule:
    return Rule(severity="error", sentence=sentence)


def _warning(sentence: str) -> Rule:
    return Rule(severity="warning", sentence=sentence)


def _note(sentence: str) -> Rule:
    return Rule(severity="note", sentence=sentence)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # rows that are left out everywhere: the contract's row rules under the contract's names
        "no person": _error("{rows} rows say of nobody; they are left out"),
        "no date": _error("{rows} rows have no date; they are left out"),
        "no code": _error("{rows} rows have no code; they are left out"),
        "date stands for unknown": _error("{rows} rows have a date that stands for unknown; they are left out"),
        "ends before it starts": _error("{rows} rows end before they start; they are left out"),
        "after the last day of data": _error("{rows} rows are dated after the last day of data; they are left out"),
        NO_PERSON: _error("{rows} rows ({share}) are of people who are not in persons; they are left out"),
        BEFORE_BIRTH: _error("{rows} rows ({share}) are dated before the person's birth; they are left out"),
        # rows against the person
        "after death": _warning("{rows} rows ({share}) are dated after the person's death"),
        "after the last residence": _warning(
            "{rows} rows ({share}) are dated after the person's last day of residence, or of life"
        ),
        "a man with a code of women": _warning("{rows} rows give men a diagnosis that only women have"),
        "a woman with a code of men": _warning("{rows} rows give women a diagnosis that only men have"),
        # rows against the table
        "before coverage": _warning("{rows} rows ({share}) are dated before the coverage begins"),
        "after coverage": _warning("{rows} rows ({share}) are dated after the coverage ends"),
        "exact copy": _warning("{rows} rows ({share}) are exact copies of another row; they count once"),
        "overlaps the spell before": _warning("{rows} spells begin before the person's previous one of that code ends"),
        "unlike its classification": _note(
            "{rows} rows ({share}) have a code that does not look like one of the table's"
        ),
        "value out of range": _warning("{about}: {rows} values of {of} are not what a person can have"),
        "value in another unit": _warning("{about}: {rows} values of {of} ({share}) look like another unit"),
        "body mass index for age": _warning(
            "{about}: {rows} values of {of} are not what a person of that age can have"
        ),
        "body mass index of weight and height": _warning(
            "{about}: {rows} values of {of} are not those of the weight and height of the same day"
        ),
        "area is not in areas": _error("{rows} rows ({share}) are about areas that are not in areas"),
        # years and days
        "year without rows": _error("no rows in {about}, inside the coverage, where the years beside have about {of}"),
        "year without rows of a kind": _warning("{about}: no rows, where the years beside have about {of}"),
        "jump between years": _warning("{about}: {rows} rows after {of} the year before"),
        "jump between years of a kind": _note("{about}: {rows} rows after {of} the year before"),
        "dates pile on a day": _note("{rows} dates ({share}) are on {about}: an unknown day may have been filled in"),
        # what a condition finds
        NOBODY_ELIGIBLE: _error("nobody is eligible for {about} at an index date that the registers cover"),
        # persons and residences
        "born after the last day of data": _error("{rows} people are born after the last day of data"),
        "own parent": _error("{rows} people are their own mother or father"),
        "mother too young": _error("{rows} people have a mother who was younger than 11 at the birth, or not yet born"),
        "father too young": _error("{rows} people have a father who was younger than 11 at the birth, or not yet born"),
        "mother too old": _warning("{rows} people have a mother who was older than 60 at the birth"),
        "mother of the other sex": _warning("{rows} people have a mother who is recorded as a man"),
        "father of the other sex": _warning("{rows} people have a father who is recorded as a woman"),
        "older than 110": _warning("{rows} people have reached an age above 110 years"),
        "mother is not in persons": _note("{rows} of the {of} mothers named are not in persons"),
        "father is not in persons": _note("{rows} of the {of} fathers named are not in persons"),
        "nowhere resident": _note("{rows} people ({share}) have no residence"),
        "residence before birth": _warning("{rows} spells of residence begin before the person's birth"),
        "residence after death": _warning("{rows} spells of residence last beyond the person's death"),
        "residence without area": _note("{rows} spells of residence ({share}) have no area"),
        NOT_READ: _note("{about} is not read: the contract or the manifest does not know it"),
    }
)
