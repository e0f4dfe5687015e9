"""The faults of the patient register: codes, stays and visits.

In: nothing. Out: `FAULTS`, in the order in which they are planted.
"""

from __future__ import annotations

from data_errors.change import Copy, Nothing, Rewrite, SplitStay, Swap, Write
from data_errors.planting import Fault

FOUR_CHARACTERS = r"^[A-Z]\d{3}$"
DOTTED = Rewrite("HDIA", r"^([A-Z]\d\d)(\d)", "${1}.${2}")
OLD_ENOUGH = {"_born": r"^19[1-4]", "HDIA": FOUR_CHARACTERS}
IN_HOSPITAL = ("diagnoses", "contacts")
STRANGER = "812345"


def _history(year: int, code: str) -> Write:
    days = {"INDATUMA": f"{year}0312", "UTDATUMA": f"{year}0319"}
    others = dict.fromkeys(("DIA1", "DIA2", "DIA3", "DIA4", "EKOD1", "EKOD2", "OP"))
    return Write({**days, "AR": str(year), "_year": year, "HDIA": code, **others})


CODES = (
    Fault(
        name="code_with_dot",
        file="PAR_SV",
        change=DOTTED,
        where={"HDIA": FOUR_CHARACTERS},
        fate="repaired",
        what="I21.9 for I219",
    ),
    Fault(
        name="code_with_blank",
        file="PAR_SV",
        change=Rewrite("HDIA", r"^([A-Z]\d\d)(\d)", "${1} ${2}"),
        where={"HDIA": FOUR_CHARACTERS},
        rows=8,
        fate="repaired",
        what="I21 9 for I219",
    ),
    Fault(
        name="code_with_letter",
        file="PAR_SV",
        change=Rewrite("HDIA", "$", "B"),
        where={"HDIA": FOUR_CHARACTERS},
        fate="kept",
        what="a letter in fifth position, which the Swedish version has; matched by prefix",
    ),
    Fault(
        name="code_with_dagger",
        file="PAR_SV",
        change=Rewrite("HDIA", "$", "+"),
        where={"HDIA": FOUR_CHARACTERS},
        rows=8,
        fate="repaired",
        what="+ behind a code",
    ),
    Fault(
        name="code_with_star",
        file="PAR_SV",
        change=Rewrite("HDIA", "$", "*"),
        where={"HDIA": FOUR_CHARACTERS},
        rows=8,
        fate="repaired",
        what="* behind a code",
    ),
    Fault(
        name="code_with_hash",
        file="PAR_SV",
        change=Rewrite("HDIA", "$", "#"),
        where={"HDIA": FOUR_CHARACTERS},
        rows=8,
        fate="repaired",
        what="# behind a code",
    ),
    Fault(
        name="main_diagnosis_repeated",
        file="PAR_SV",
        change=Copy("HDIA", "DIA1"),
        where={"HDIA": FOUR_CHARACTERS, "DIA1": ""},
        fate="kept",
        what="the first other diagnosis is the main diagnosis again",
    ),
    Fault(
        name="code_blanked",
        file="PAR_SV",
        change=Write({"DIA4": "BLANKED"}),
        where={"DIA4": ""},
        fate="kept",
        what="BLANKED in place of a code",
    ),
    Fault(
        name="code_not_a_code",
        file="PAR_SV",
        change=Write({"DIA4": "?7"}),
        where={"DIA4": ""},
        fate="kept",
        what="something that is no code of any version",
    ),
    Fault(
        name="icd8",
        file="PAR_SV",
        change=_history(1985, "412,01"),
        where=OLD_ENOUGH,
        added=True,
        fate="kept",
        what="ICD-8 with a comma, 1985",
    ),
    Fault(
        name="icd9",
        file="PAR_SV",
        change=_history(1992, "410A"),
        where=OLD_ENOUGH,
        added=True,
        fate="kept",
        what="ICD-9 with the Swedish letter, 1992",
    ),
    Fault(
        name="icd9_in_1997",
        file="PAR_SV",
        change=_history(1997, "427D"),
        where=OLD_ENOUGH,
        added=True,
        fate="kept",
        what="ICD-9 in 1997, when both versions were in use",
    ),
    Fault(
        name="icd10_in_1997",
        file="PAR_SV",
        change=_history(1997, "I480"),
        where=OLD_ENOUGH,
        added=True,
        fate="kept",
        what="ICD-10 in 1997, when both versions were in use",
    ),
)
STAYS = (
    Fault(
        name="transfer",
        file="PAR_SV",
        change=SplitStay("INDATUMA", "UTDATUMA", "MVO"),
        where={"_days": r"^([2-9]|\d\d)$"},
        fate="repaired",
        loses=("diagnoses",),
        what="one stay in two rows, the second from the day on which the first ends",
    ),
    Fault(name="stay_twice", file="PAR_SV", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="stay_without_number",
        file="PAR_SV",
        change=Write({"LOPNR": None}),
        added=True,
        fate="refused",
        what="no running number",
    ),
    Fault(
        name="stay_of_a_stranger",
        file="PAR_SV",
        change=Write({"LOPNR": STRANGER}),
        added=True,
        fate="refused",
        what="a running number that the population register does not have",
    ),
    Fault(
        name="admission_not_a_date",
        file="PAR_SV",
        change=Write({"INDATUMA": "2013I204"}),
        added=True,
        fate="refused",
        what="text that is no date",
    ),
    Fault(
        name="admission_after_the_end",
        file="PAR_SV",
        change=Write({"INDATUMA": "20310401", "UTDATUMA": "20310403"}),
        added=True,
        fate="refused",
        what="a date in the future",
    ),
    Fault(
        name="ends_before_it_starts",
        file="PAR_SV",
        change=Swap("INDATUMA", "UTDATUMA"),
        where={"_days": r"^([2-9]|\d\d)$"},
        added=True,
        fate="refused",
        what="discharged before admitted",
    ),
    Fault(
        name="admission_day_unknown",
        file="PAR_SV",
        change=Rewrite("INDATUMA", r"\d\d$", "00"),
        fate="lost",
        loses=IN_HOSPITAL,
        what="day of admission 00",
    ),
    Fault(
        name="admission_day_99",
        file="PAR_SV",
        change=Rewrite("INDATUMA", r"\d\d$", "99"),
        rows=8,
        fate="lost",
        loses=IN_HOSPITAL,
        what="day of admission 99, as Riksstroke writes an unknown one",
    ),
    Fault(
        name="discharge_missing",
        file="PAR_SV",
        change=Write({"UTDATUMA": None}),
        where={"_days": r"^([1-9]|\d\d)$"},
        fate="lost",
        loses=IN_HOSPITAL,
        what="no day of discharge",
    ),
    Fault(
        name="discharge_never",
        file="PAR_SV",
        change=Write({"UTDATUMA": "99991231"}),
        where={"_days": r"^([1-9]|\d\d)$"},
        fate="lost",
        loses=IN_HOSPITAL,
        what="99991231 as day of discharge",
    ),
    Fault(
        name="kind_of_admission_missing",
        file="PAR_SV",
        change=Write({"PVARD": None}),
        where={"PVARD": "^1$"},
        fate="lost",
        loses=("contacts",),
        what="nothing says whether a planned stay was planned",
    ),
)
VISITS = (
    Fault(
        name="visit_without_diagnosis",
        file="PAR_OV",
        change=Write({"HDIA": None}),
        rows=40,
        fate="lost",
        loses=("diagnoses",),
        what="no main diagnosis; still a visit",
    ),
    Fault(
        name="visit_code_with_dot",
        file="PAR_OV",
        change=DOTTED,
        where={"HDIA": FOUR_CHARACTERS},
        fate="repaired",
        what="I21.9 for I219",
    ),
    Fault(name="visit_twice", file="PAR_OV", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="visit_before_birth",
        file="PAR_OV",
        change=Write({"INDATUMA": "20090615", "AR": "2009"}),
        where={"_born": r"^20(1[1-9]|2)"},
        added=True,
        fate="refused",
        what="a visit before the person was born",
    ),
)
FAULTS: tuple[Fault, ...] = (*CODES, *STAYS, *VISITS)
