"""What Statistics Sweden delivers: the population register, its families, residences and migrations, and LISA by year.

In: clean tables. Out: frames of text in Statistics Sweden's columns; columns that begin with an underscore stay behind.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from riskstrat.synthetic.extracts.clean import CIRCUMSTANCES, Tables, residences_by_year, wide
from riskstrat.synthetic.extracts.form import coded, day_text, drawn, number_text

SEX_CODES: dict[object, str] = {"male": "1", "female": "2"}
COUNTRY_GROUPS: dict[object, str] = {
    "sweden": "Sverige",
    "nordic": "Norden utom Sverige",
    "europe": "Europa utom EU27 och Norden",
    "asia": "Asien",
    "africa": "Afrika",
    "south_america": "Sydamerika",
    "other": "Nordamerika",
}
MOVES: dict[object, str] = {"immigration": "Inv", "emigration": "Utv"}
COUNTRIES = ("Finland", "Irak", "Österrike", "Iran; Islamiska republiken", "Okänt")
"""One name has the separator in it, so that it stands in quotation marks."""
EMPLOYED: dict[object, str] = {1.0: "1", 0.0: "5"}


def population(tables: Tables, _: date) -> pl.DataFrame:
    """Give the background of everybody: birth month, sex, death, country group, whether the number was reused."""
    persons = tables["persons"]
    parents = pl.concat([persons["mother_id"], persons["father_id"]]).drop_nulls().unique()
    return persons.select(
        LopNr=pl.col("person_id").cast(pl.String),
        FodelseAr=pl.col("birth_date").dt.strftime("%Y%m"),
        Kon=coded("sex", SEX_CODES),
        DodDatum=day_text("death_date"),
        Fodgreg5=coded("birth_region", COUNTRY_GROUPS),
        AterPnr=pl.lit("0"),
        SenPnr=pl.lit("0"),
        _person="person_id",
        _registered_birth=pl.col("person_id").is_in(tables["births"]["person_id"].unique().implode()).cast(pl.String),
        _parent=pl.col("person_id").is_in(parents.implode()).cast(pl.String),
    )


def generations(tables: Tables, _: date) -> pl.DataFrame:
    """Give mother and father of everybody who has a known parent."""
    linked = tables["persons"].filter(pl.col("mother_id").is_not_null() | pl.col("father_id").is_not_null())
    return linked.select(
        LopNr=pl.col("person_id").cast(pl.String),
        LopNrMor=pl.col("mother_id").cast(pl.String),
        LopNrFar=pl.col("father_id").cast(pl.String),
        _person="person_id",
    )


def residences(tables: Tables, data_end: date) -> pl.DataFrame:
    """Give the residence of everybody on 31 December."""
    return residences_by_year(tables["residences"], data_end).select(
        LopNr=pl.col("person_id").cast(pl.String),
        Kommun=pl.col("area_id").str.slice(0, 4),
        DeSO="area_id",
        Vardcentral="care_centre_id",
        _person="person_id",
        _year=pl.col("date").dt.year(),
    )


def moves(tables: Tables, _: date) -> pl.DataFrame:
    """Give the day of each move to another residence; who is born there does not move there."""
    born = tables["persons"].select("person_id", "birth_date")
    spells = tables["residences"].join(born, on="person_id").filter(pl.col("start_date") > pl.col("birth_date"))
    return spells.filter(pl.col("start_date") > pl.col("start_date").min()).select(
        LopNr=pl.col("person_id").cast(pl.String),
        FlyttDatum=day_text("start_date"),
        Kommun=pl.col("area_id").str.slice(0, 4),
        DeSO="area_id",
        Vardcentral="care_centre_id",
        _person="person_id",
    )


def migrations(tables: Tables, _: date) -> pl.DataFrame:
    """Give every move into and out of the country."""
    return tables["migrations"].select(
        LopNr=pl.col("person_id").cast(pl.String),
        Posttyp=coded("code", MOVES),
        Datum=day_text("date"),
        InvUtvLand=pl.lit(pl.Series("countries", COUNTRIES)).gather(drawn("person_id", len(COUNTRIES))),
        _person="person_id",
    )


def lisa(tables: Tables, _: date) -> pl.DataFrame:
    """Give the circumstances of each year: incomes in hundreds of kronor, education `*` where it is not known."""
    years = wide(tables["circumstances"], CIRCUMSTANCES)
    return years.select(
        LopNr=pl.col("person_id").cast(pl.String),
        Civil=pl.when(pl.col("lives_alone") == 1).then(pl.lit("Ä")).otherwise(pl.lit("G")),
        FamTypF=_family_type(),
        Sun2000niva_old=number_text(pl.col("education_level")).fill_null("*"),
        DispInk04=number_text(pl.col("disposable_income_sek") / 100),
        SyssStat11=coded("employed", EMPLOYED),
        SocBidrFam=pl.when(pl.col("social_assistance") == 1)
        .then((120 + drawn("person_id", 600)).cast(pl.String))
        .otherwise(pl.lit("0")),
        _person="person_id",
        _year=pl.col("date").dt.year(),
    )


def _family_type() -> pl.Expr:
    """Write 50 for single, 41 for a lone mother's family, 21 for a couple, 0 where nothing is known."""
    return (
        pl.when(pl.col("lives_alone") == 1)
        .then(pl.lit("50"))
        .when(pl.col("single_parent") == 1)
        .then(pl.lit("41"))
        .when(pl.col("lives_alone").is_null() & pl.col("single_parent").is_null())
        .then(pl.lit("0"))
        .otherwise(pl.lit("21"))
    )
