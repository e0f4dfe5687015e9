"""The faults of the registers of drugs, causes of death and births.

In: nothing. Out: `FAULTS`, in the order in which they are planted.
"""

from __future__ import annotations

from data_errors.change import Both, Copy, Nothing, Pair, Rewrite, Shift, Times, Write
from data_errors.planting import EVERYTHING, Fault

FOUR_CHARACTERS = r"^[A-Z]\d{3}$"
YEARS_BEFORE_THE_LAST = {"EDATUM": r"^20(09|1\d|2[0-2])"}

DRUGS = (
    Fault(name="drug_twice", file="LMED", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="drug_returned",
        file="LMED",
        change=Pair(Shift("EDATUM", 2), Both((Times("ANTAL", -1), Shift("EDATUM", 4)))),
        where=YEARS_BEFORE_THE_LAST,
        added=True,
        fate="repaired",
        what="dispensed, and two days later a negative number of packages: a return",
    ),
    Fault(
        name="return_of_nothing",
        file="LMED",
        change=Times("ANTAL", -7),
        where=YEARS_BEFORE_THE_LAST,
        added=True,
        fate="refused",
        what="a return of packages that were never dispensed",
    ),
    Fault(
        name="drug_in_doses",
        file="LMED",
        change=Both((Times("ANTAL", 0.25), Times("forpddd", 4))),
        fate="kept",
        what="a quarter of a package: dispensed in doses",
    ),
    Fault(
        name="drug_without_day",
        file="LMED",
        change=Write({"EDATUM": None}),
        added=True,
        fate="refused",
        what="no day of dispensing",
    ),
    Fault(
        name="drug_without_code",
        file="LMED",
        change=Write({"ATC": None}),
        added=True,
        fate="refused",
        what="no ATC code",
    ),
    Fault(
        name="drug_before_the_register",
        file="LMED",
        change=Write({"EDATUM": "20050315", "FDATUM": "20050301", "_year": 2005}),
        where={"_born": r"^19"},
        added=True,
        fate="kept",
        what="dispensed before 1 July 2005, when the register begins",
    ),
)
DEATHS_AND_BIRTHS = (
    Fault(name="death_twice", file="DORS", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="cause_with_dot",
        file="DORS",
        change=Rewrite("ULORSAK", r"^([A-Z]\d\d)(\d)", "${1}.${2}"),
        where={"ULORSAK": FOUR_CHARACTERS},
        fate="repaired",
        what="I21.9 for I219",
    ),
    Fault(
        name="cause_repeated",
        file="DORS",
        change=Copy("ULORSAK", "MORSAK1"),
        fate="kept",
        what="the first other cause is the underlying cause again",
    ),
    Fault(
        name="cause_day_unknown",
        file="DORS",
        change=Rewrite("DODSDAT", r"\d\d$", "00"),
        rows=6,
        fate="lost",
        loses=("diagnoses",),
        what="day of death 00",
    ),
    Fault(name="birth_twice", file="MFR", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="stillbirth",
        file="MFR",
        change=Write({"lpnr_BARN": None}),
        added=True,
        fate="refused",
        what="no number of the child: a stillbirth",
    ),
    Fault(
        name="birth_day_unknown",
        file="MFR",
        change=Rewrite("BFODDAT", r"\d\d$", ""),
        rows=6,
        fate="lost",
        loses=EVERYTHING,
        what="a day of birth of six digits; in the days after it nothing can be told from before birth",
    ),
    Fault(
        name="height_without_a_digit",
        file="MFR",
        change=Rewrite("MLANGD", r"\d$", ""),
        fate="lost",
        loses=("births",),
        what="a mother's height with a digit missing",
    ),
    Fault(
        name="mother_not_weighed",
        file="MFR",
        change=Write({"MVIKT": None}),
        fate="lost",
        loses=("births",),
        what="no weight of the mother",
    ),
    Fault(
        name="birth_weight_impossible",
        file="MFR",
        change=Write({"BVIKTBS": "6900"}),
        where={"GRDBS": r"^2[67]"},
        rows=8,
        fate="lost",
        loses=("births",),
        what="a birth weight that cannot be at that length of pregnancy",
    ),
)
FAULTS: tuple[Fault, ...] = (*DRUGS, *DEATHS_AND_BIRTHS)
