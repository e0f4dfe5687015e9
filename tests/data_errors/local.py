"""The faults of what a region and a municipality deliver.

In: nothing. Out: `FAULTS`, in the order in which they are planted.
"""

from __future__ import annotations

from data_errors.change import Nothing, Rewrite, Swap, Times, Write
from data_errors.planting import Fault

WEIGHED = {"vikt": r"\d", "langd": r"\d"}
CODED = {"Diagnos1": r"^[A-Z]\d{3}$"}

PRIMARY_CARE = (
    Fault(
        name="primary_care_suffix",
        file="Primarvard",
        change=Rewrite("Diagnos1", "$", "-P"),
        where=CODED,
        rows=200,
        fate="repaired",
        what="-P behind a code of primary care's own version",
    ),
    Fault(
        name="primary_care_dot",
        file="Primarvard",
        change=Rewrite("Diagnos1", r"^([A-Z]\d\d)(\d)", "${1}.${2}"),
        where=CODED,
        rows=50,
        fate="repaired",
        what="J45.9 for J459",
    ),
    Fault(
        name="contact_without_key",
        file="Primarvard",
        change=Write({"LopNr": "499999"}),
        added=True,
        fate="refused",
        what="a number of the region that its key file does not have",
    ),
    Fault(
        name="contact_twice",
        file="Primarvard",
        change=Nothing(),
        added=True,
        fate="refused",
        what="the same row twice",
    ),
    Fault(
        name="key_twice",
        file="Nyckel_region",
        change=Nothing(),
        added=True,
        fate="refused",
        what="the same row of the key file twice",
    ),
    Fault(
        name="pressure_impossible",
        file="Matvarden",
        change=Times("BT_SYST", 10),
        where={"BT_SYST": r"\d"},
        fate="lost",
        loses=("measurements",),
        what="a blood pressure with a slipped digit",
    ),
    Fault(
        name="measured_below_the_limit",
        file="Matvarden",
        change=Write({"NONHDL": "<0,5"}),
        where={"NONHDL": r"\d"},
        fate="lost",
        loses=("measurements",),
        what="text in place of a number",
    ),
)
CHILDREN = (
    Fault(
        name="weight_and_height_swapped",
        file="BHV",
        change=Swap("vikt", "langd"),
        where=WEIGHED,
        fate="repaired",
        what="weight in the field of height and height in that of weight",
    ),
    Fault(
        name="weight_in_grams",
        file="BHV",
        change=Times("vikt", 1000),
        where=WEIGHED,
        fate="repaired",
        what="weight in grams",
    ),
    Fault(
        name="height_in_metres",
        file="BHV",
        change=Times("langd", 0.01),
        where=WEIGHED,
        fate="repaired",
        what="height in metres",
    ),
    Fault(
        name="weight_impossible",
        file="BHV",
        change=Times("vikt", 3),
        where=WEIGHED,
        fate="lost",
        loses=("child_health",),
        what="a weight that no child of that age has",
    ),
    Fault(name="growth_twice", file="BHV", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="school_weight_and_height_swapped",
        file="Skolhalsa",
        change=Swap("vikt", "langd"),
        where=WEIGHED,
        fate="repaired",
        what="weight in the field of height and height in that of weight",
    ),
    Fault(
        name="school_weight_in_grams",
        file="Skolhalsa",
        change=Times("vikt", 1000),
        where=WEIGHED,
        fate="repaired",
        what="weight in grams",
    ),
)
SERVICES = (
    Fault(name="month_twice", file="SoL", change=Nothing(), added=True, fate="refused", what="the same row twice"),
    Fault(
        name="month_thirteen",
        file="SoL",
        change=Rewrite("PERIOD", r"\d\d$", "13"),
        added=True,
        fate="refused",
        what="a thirteenth month",
    ),
    Fault(
        name="hours_missing",
        file="SoL",
        change=Write({"HTJTIM": None}),
        where={"HTJTIM": r"\d"},
        rows=30,
        fate="kept",
        what="home care without its hours",
    ),
)
FAULTS: tuple[Fault, ...] = (*PRIMARY_CARE, *CHILDREN, *SERVICES)
