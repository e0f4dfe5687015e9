"""Which extracts there are: who gives them, in which files, and how their form changes over the years."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from riskstrat.synthetic.extracts import health_board, local, scb
from riskstrat.synthetic.extracts.clean import Tables
from riskstrat.synthetic.extracts.form import Form


@dataclass(frozen=True, kw_only=True)
class Extract:
    """A series of files with the same content; `forms` has the first year of each form, one file has year 0."""

    name: str
    rows: Callable[[Tables, date], pl.DataFrame]
    forms: Mapping[int, Form]

    @property
    def by_year(self) -> bool:
        """Whether there is a file for each year."""
        return 0 not in self.forms

    def form_of(self, year: int) -> Form:
        """Give the form of a year's file."""
        return self.forms[max((first for first in self.forms if first <= year), default=min(self.forms))]


LATIN, BOM = "latin-1", "utf-8-sig"
PROJECT_KEY = {"LopNr": "P1105_LopNr_PersonNr"}
EXTRACTS: tuple[Extract, ...] = (
    Extract(name="RTB_demografi", rows=scb.population, forms={0: Form(encoding=LATIN)}),
    Extract(
        name="RTB_flergeneration",
        rows=scb.generations,
        forms={0: Form(kind="sav", numbers=("LopNr", "LopNrMor", "LopNrFar"))},
    ),
    Extract(
        name="RTB",
        rows=scb.residences,
        forms={
            1998: Form(kind="parquet", numbers=("LopNr",), names={"LopNr": "LOPNR"}),
            2013: Form(encoding=LATIN, names={"LopNr": "lopnr"}),
            2019: Form(encoding=BOM, separator="\t", names=PROJECT_KEY),
            2023: Form(encoding=BOM, separator="\t", names={**PROJECT_KEY, "DeSO": "DeSO_DeSO2025"}),
        },
    ),
    Extract(name="RTB_flyttningar", rows=scb.moves, forms={0: Form(kind="txt", separator="\t", encoding=LATIN)}),
    Extract(name="RTB_migrationer", rows=scb.migrations, forms={0: Form(encoding=BOM)}),
    Extract(
        name="LISA",
        rows=scb.lisa,
        forms={
            1990: Form(encoding=LATIN, names={"DispInk04": "DispInk", "SyssStat11": "SyssStat"}),
            2004: Form(encoding=LATIN, names={"SyssStat11": "SyssStatG"}),
            2011: Form(encoding=LATIN, names={"LopNr": "LOPNR", "Sun2000niva_old": "Sun2000niva_Old"}),
            2015: Form(encoding=BOM, separator="\t", names={**PROJECT_KEY, "Sun2000niva_old": "Sun2000Niva_Old"}),
            2019: Form(
                encoding=BOM,
                separator="\t",
                names={**PROJECT_KEY, "Sun2000niva_old": "Sun2020Niva_Old", "SyssStat11": "SyssStat19"},
            ),
        },
    ),
    Extract(
        name="PAR_SV",
        rows=health_board.stays,
        forms={1987: Form(encoding=LATIN, separator="\t"), 2016: Form(names={"LOPNR": "LopNr", "HDIA": "hdia"})},
    ),
    Extract(name="PAR_OV", rows=health_board.visits, forms={0: Form(kind="dta", numbers=("LOPNR", "AR"))}),
    Extract(
        name="LMED",
        rows=health_board.drugs,
        forms={
            2005: Form(kind="parquet", numbers=("LOPNR", "ANTAL", "forpddd"), dates=("EDATUM", "FDATUM")),
            2021: Form(separator="\t", decimal=",", names={"LOPNR": "lopnr", "ANTAL": "antal"}),
        },
    ),
    Extract(name="DORS", rows=health_board.deaths, forms={0: Form(encoding=BOM)}),
    Extract(
        name="MFR",
        rows=health_board.births,
        forms={0: Form(kind="sav", numbers=("lpnr_mor", "MLANGD", "MVIKT", "GRVBS", "GRDBS", "BVIKTBS"))},
    ),
    Extract(name="Nyckel_region", rows=local.region_key, forms={0: Form()}),
    Extract(
        name="Primarvard",
        rows=local.primary_care,
        forms={2009: Form(encoding=LATIN, separator="\t"), 2018: Form(names={"LopNr": "lopnr"})},
    ),
    Extract(name="Matvarden", rows=local.measured_values, forms={0: Form(decimal=",", encoding=BOM)}),
    Extract(name="BHV", rows=local.child_health, forms={0: Form(decimal=",", encoding=LATIN)}),
    Extract(name="Skolhalsa", rows=local.school_health, forms={0: Form(kind="txt", separator="\t")}),
    Extract(name="SoL", rows=local.services, forms={2009: Form(encoding=LATIN), 2017: Form(separator="\t")}),
)
"""Statistics Sweden, the National Board of Health and Welfare, the region, the municipality."""
