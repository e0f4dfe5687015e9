"""Codes of a MEDS dataset: each distinct code in; its dataset, the code that it has there and its code system out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import polars as pl

from riskstrat.errors import Problem
from riskstrat.intake.conversion import WITHOUT_POINT, read_now, readable
from riskstrat.registers.contract import KNOWN_ENTRIES

DATA, SUBJECT, BIRTH, DEATH, SEX = "data", "subject", "birth", "death", "sex"
CODE_OF = MappingProxyType({"MEDS_BIRTH": BIRTH, "MEDS_DEATH": DEATH})
WITHOUT_VOCABULARY = "events"
RESERVED = frozenset({*KNOWN_ENTRIES, BIRTH, DEATH, SEX, SUBJECT})
"""Names that no vocabulary's table can have: the contract's, and those of the datasets about persons."""
SEX_VOCABULARIES = ("gender", "sex", "meds_gender", "meds_sex")
SYSTEM_OF = MappingProxyType(
    {"icd10": "icd10", "icd10cm": "icd10", "icd10gm": "icd10", "icd10se": "icd10_se", "atc": "atc", "kva": "kva"}
)
"""Vocabulary in small letters and digits -> code system, in which a prefix stands for all below it."""
data_problem = partial(Problem, table=DATA)


def facts_by_code(folder: Path) -> dict[str, str]:
    """Find codes that say birth or death: those of the standard, and those whose parents they are."""
    path = folder / "metadata" / "codes.parquet"
    if not path.is_file():
        return dict(CODE_OF)
    rows = pl.scan_parquet(path, glob=False)
    with readable(data_problem("metadata that cannot be read", "a whole Parquet file", "export it again")):
        schema = rows.collect_schema()
    if "parent_codes" not in schema:
        return dict(CODE_OF)
    above = read_now(rows.select("code", "parent_codes").explode("parent_codes"), "codes")
    known = above.filter(pl.col("parent_codes").is_in(list(CODE_OF)))
    return {**dict(CODE_OF), **{code: CODE_OF[parent] for code, parent in known.iter_rows()}}


def placed_codes(codes: pl.DataFrame, facts: Mapping[str, str], tables: Mapping[str, str]) -> pl.DataFrame:
    """Give each distinct code its dataset, the code that it has there, and the system of that code."""
    code = pl.col("code")
    word = code.str.extract(r"^([^/]+)/+.")
    slug = word.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "_").str.strip_chars("_")
    named = pl.when(slug.str.contains("^[a-z]")).then(slug).otherwise(pl.format("meds_{}", slug))
    own = pl.when(named.is_in(list(RESERVED)))
    table = word.replace_strict(dict(tables), default=None, return_dtype=pl.String) if tables else pl.lit(None)
    dataset = pl.coalesce(
        code.replace_strict(dict(facts), default=None, return_dtype=pl.String),
        pl.when(slug.is_in(SEX_VOCABULARIES)).then(pl.lit(SEX)),
        table,
        own.then(pl.format("meds_{}", named)).otherwise(named),
        pl.lit(WITHOUT_VOCABULARY),
    )
    system = slug.str.replace_all("_", "").replace_strict(dict(SYSTEM_OF), default="exact", return_dtype=pl.String)
    short = pl.coalesce(code.str.extract("^[^/]+/+(.+)$"), code)
    pointless = pl.when(system.is_in(list(WITHOUT_POINT))).then(short.str.replace_all(".", "", literal=True))
    return codes.select("code", dataset=dataset, short=pointless.otherwise(short), system=system.fill_null("exact"))
