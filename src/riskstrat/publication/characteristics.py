"""Who is in a cohort: the first table of an article, by group, with nothing in it that names a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.declare.features.base import Relative
from riskstrat.disclosure import Categories, CellNoise, Disclosure, Ratio, Released, Sum, Table, within
from riskstrat.disclosure.digits import to_width
from riskstrat.disclosure.dominance import is_dominated
from riskstrat.errors import DisclosureError, Problem, UsageError, number_of
from riskstrat.figures import Language, load_messages
from riskstrat.figures.characteristics import characteristics_html
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, normal_quantile
from riskstrat.publication.cohort import cell, keys_of
from riskstrat.records.cohort import COMPETING, KEYS, OUTCOME, Cohort, Target, check_rows

MOST_LEVELS = 12
"""Texts with more distinct values than these are no characteristic of a group."""

OTHER = "other"
"""Level of all that few persons have; its name in Swedish is that of the messages."""

_MEASURED = ("age_years", "duration_days")
_FIXED = ("sex", "ending")
"""Whose levels are the same in every cohort."""

_TAILS = (0.05, 0.95)
"""Values beyond these quantiles count as the quantile: one person far out moves no mean."""

EVERYBODY = "all"
_EVERYBODY = pl.col("person").is_not_null()
_IDENTIFIERS = (*KEYS, "family_id", "mother_id", "father_id")
_NOT_DESCRIBED = ("group", "person", "family", "provider")
_OF_RELATIVES = tuple(f"{relative}_" for relative in get_args(Relative))
CARE_CENTRE = "care_centre_id"
_OWN: Mapping[str, LocalisedText] = {
    "age_years": LocalisedText(en="Age, years", sv="Ålder, år"),
    "sex": LocalisedText(en="Sex", sv="Kön"),
    "birth_region": LocalisedText(en="Region of birth", sv="Födelseregion"),
    "ending": LocalisedText(en="End of follow-up", sv="Slut på uppföljningen"),
    "duration_days": LocalisedText(en="Follow-up, days", sv="Uppföljning, dagar"),
}
_STATISTICS = ("mean", "standard_deviation", "lower_quartile", "median", "upper_quartile")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TableOne:
    """Characteristics of a cohort by group, already released.

    Attributes
    ----------
    groups
        group, people (persons) and index_dates: a person may have several.
    levels
        order, variable, label, label_sv, level, group, count (index dates), index_dates (where the variable is known)
        and share.
    numbers
        order, variable, label, label_sv, group, observed, mean, standard_deviation, lower_quartile, median and
        upper_quartile.

    Examples
    --------
    >>> from riskstrat.publication import table_one
    >>> table_one(study.cohort, by="sex").groups.frame["group"].to_list()
    ['female', 'male']
    """

    groups: Released
    levels: Released
    numbers: Released

    def __repr__(self) -> str:
        return f"TableOne({', '.join(map(str, self.groups.frame['group']))})"

    def html(self, language: Language = "sv") -> str:
        """Write it as one HTML table, a column a group."""
        return characteristics_html(self.groups, self.levels, self.numbers, load_messages(language))


def characteristic_tables(
    cohort: Target,
    X: pl.DataFrame | None,
    *,
    by: str | None,
    labels: Mapping[str, LocalisedText],
    rule: Disclosure,
    noise: CellNoise | None,
    provider: str = CARE_CENTRE,
) -> dict[str, Table]:
    """Describe who is counted: the tables ``groups``, ``levels`` and ``numbers`` of `TableOne`, see `table_one`."""
    group = _group(cohort, by).alias("group")
    described = _described(cohort, X).select(pl.exclude(by or ""))
    people = cohort.people
    rows = described.with_columns(
        group,
        people["person_id"].alias("person"),
        people["family_id" if "family_id" in people.columns else "person_id"].alias("family"),
        provider=_provider(people, provider),
    )
    if isinstance(cohort, Cohort):
        rows = rows.filter(cohort.is_counted)
    named = {name: LocalisedText(en=name, sv=name) for name in described.columns}
    names = {**named, **_OWN, **labels}
    return {
        "groups": Table(
            rows.group_by("group").agg(**cell("index_dates", "people", _EVERYBODY, "person")).sort("group"),
            dimensions=("group",),
            counts=("people", "index_dates"),
            persons={"index_dates": "people"},
            keys=keys_of("people", "index_dates"),
        ),
        "levels": _levels_table(rows, names, rule, noise),
        "numbers": _numbers_table(rows, names, rule, noise),
    }


def _provider(people: pl.DataFrame, column: str) -> pl.Series:
    """Who provides each row: nobody is known where there are no care centres; another column must be there."""
    if column in people.columns:
        return people[column]
    if column == CARE_CENTRE:
        return pl.repeat(None, people.height, eager=True, dtype=pl.String)
    raise UsageError(_no_column(people, f"'{column}' of providers"))


def _no_column(people: pl.DataFrame, found: str) -> Problem:
    expected = f"one of {', '.join(name for name in people.columns if name not in KEYS)}"
    return Problem(f"no column {found}", expected, "correct the name, or add the column to cohort.people")


def _described(cohort: Target, X: pl.DataFrame | None) -> pl.DataFrame:
    people = cohort.people
    ended = [_ending(cohort), pl.col("duration_days")] if isinstance(cohort, Cohort) else []
    born = ["birth_region"] if "birth_region" in people.columns else []
    own = people.select("age_years", "sex", *born, *ended)
    if X is None:
        return own
    check_rows("X", X.height, people.height)
    return own.hstack(X.select(pl.exclude(*KEYS, *own.columns)))


def _ending(cohort: Cohort) -> pl.Expr:
    """Say how follow-up ended: who was followed to the horizon without the outcome is not censored."""
    assessed = pl.col("assessed") if "assessed" in cohort.people.columns else pl.lit(value=True)
    ways = {
        "outcome": pl.col("event") == OUTCOME,
        "competing death": pl.col("event") == COMPETING,
        "not measured": ~assessed,
        "without the outcome to the horizon": pl.col("duration_days") >= cohort.horizon_days,
        "left before the horizon": pl.lit(value=True),
    }
    return pl.coalesce(pl.when(ended).then(pl.lit(said)) for said, ended in ways.items()).alias("ending")


def _group(cohort: Target, by: str | None) -> pl.Series:
    if by is None:
        return pl.repeat(EVERYBODY, cohort.people.height, eager=True)
    if by not in cohort.people.columns or by == "index_date":
        raise UsageError(_no_column(cohort.people, f"'{by}' to group by"))
    groups = cohort.people[by].cast(pl.String).fill_null("unknown")
    persons, different = cohort.people["person_id"].n_unique(), groups.n_unique()
    if by in _IDENTIFIERS or different == persons > 1 or (different > MOST_LEVELS and 2 * different > persons):
        raise DisclosureError(
            Problem(
                f"{number_of(different, 'group')} of {number_of(persons, 'person')}",
                "groups of several persons, not persons or families one by one",
                "group by something that many persons share",
                column=by,
            )
        )
    return groups


def _variables(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in _NOT_DESCRIBED]


def _is_flag(values: pl.Series) -> bool:
    """Whether a variable is only true or false; what is measured in years or days is not, whatever its values."""
    if values.dtype == pl.Boolean or values.name in _MEASURED:
        return values.dtype == pl.Boolean
    return values.dtype.is_numeric() and bool(((values == 0) | (values == 1)).all())


def _levels_table(
    rows: pl.DataFrame, labels: Mapping[str, LocalisedText], rule: Disclosure, noise: CellNoise | None
) -> Table:
    """Count levels of texts that have few, and of what is only true or false, 1 or 0."""
    names = _variables(rows)
    flags = [name for name in names if _is_flag(rows[name])]
    short = [name for name in names if rows[name].dtype == pl.String and rows[name].n_unique() <= MOST_LEVELS]
    named = [name for name in short if name not in _FIXED]
    common = rows.with_columns(_common_levels(rows[name], rows["person"], rule, noise) for name in named)
    counted = [_levels(common, name) for name in names if name in {*flags, *short}]
    frame = _labelled(pl.concat(counted), names, labels)
    whole = frame.filter(~pl.col("variable").is_in(flags))["variable"].unique().to_list()
    return Table(
        frame.with_columns(share=pl.col("count") / pl.col("index_dates")),
        dimensions=("variable", "level", "group"),
        counts=("count",),
        denominators={"count": "index_dates"},
        derived={"share": Ratio("count", "index_dates")},
        public=("order", "label", "label_sv"),
        persons={"count": "count_persons", "index_dates": "persons"},
        sums=[
            Sum(
                count="count",
                parts={"variable": whole},
                total={"variable": whole},
                total_column="index_dates",
                by=("variable", "group"),
            )
        ],
        keys=keys_of("count", "count_persons", "index_dates", "persons"),
        fewest={"index_dates": rule.min_people},
        categories={"count": Categories("sensitive", ("variable", "group"))},
    )


def _common_levels(level: pl.Series, person: pl.Series, rule: Disclosure, noise: CellNoise | None) -> pl.Series:
    """Put levels that few persons have together, so that their names tell of nobody."""
    found = pl.DataFrame({"level": level, "person": person}).drop_nulls("level")
    known = found.group_by("level").agg(**cell("rows", "persons", _EVERYBODY, "person"))
    persons = (
        known["persons"] if noise is None else known["persons"] + pl.Series(noise.of(known["persons_key"].to_numpy()))
    )
    rare = [] if rule.is_working_material else known.filter(persons < rule.min_people)["level"].to_list()
    return pl.select(pl.when(level.is_in(rare)).then(pl.lit(OTHER)).otherwise(level).alias(level.name)).to_series()


def _levels(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Count the levels of a variable in every group, 0 where a group has none; a flag is counted where it is 1.

    A level tells something of who is in a group unless it is the commonest of all.
    """
    flag = _is_flag(rows[name])
    known = rows.select(
        "group",
        _whom(name).alias("person"),
        level=pl.col(name).cast(pl.Int64).cast(pl.String) if flag else pl.col(name),
    )
    known = known.drop_nulls("level")
    whole = known.group_by("group").agg(**cell("index_dates", "persons", _EVERYBODY, "person"))
    levels = pl.DataFrame({"level": ["1"]}) if flag else known.select("level").unique()
    counts = known.group_by("group", "level").agg(**cell("count", "count_persons", _EVERYBODY, "person"))
    crossed = whole.join(levels, how="cross").join(counts, on=["group", "level"], how="left")
    commonest = known["level"].mode().to_list()
    return crossed.with_columns(
        pl.col(counts.columns[2:]).fill_null(0),
        sensitive=~pl.col("level").is_in(commonest),
        variable=pl.lit(name),
    ).select("variable", "level", pl.exclude("variable", "level"))


def _numbers_table(
    rows: pl.DataFrame, labels: Mapping[str, LocalisedText], rule: Disclosure, noise: CellNoise | None
) -> Table:
    measured = [name for name in _variables(rows) if rows[name].dtype.is_numeric() and not _is_flag(rows[name])]
    groups = rows.partition_by("group")
    # A municipality of two care centres is described by these whatever it is grouped by.
    parts: dict[str, list[str]] = {name: [] for name in measured}
    if not rule.is_working_material:
        parts = {name: ["person", *([] if _dominated(rows, name, "provider") else ["provider"])] for name in measured}
    found = [_number(group, name, parts[name], noise) for name in measured for group in groups]
    frame = _labelled(pl.concat(found, how="vertical_relaxed"), _variables(rows), labels)
    return Table(
        frame,
        dimensions=("variable", "group"),
        counts=("observed",),
        derived=dict.fromkeys(_STATISTICS, "observed"),
        public=("order", "label", "label_sv"),
        persons={"observed": "persons"},
        keys=keys_of("observed", "persons"),
        fewest={"observed": rule.min_people},
    )


def _held(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.Float64)
    return value.clip(*(value.quantile(share, "linear") for share in _TAILS))


def _whom(name: str) -> pl.Expr:
    """Who is described: of a relative's past families, because several persons have the same relative."""
    return pl.col("family" if name.startswith(_OF_RELATIVES) else "person")


def _dominated(rows: pl.DataFrame, name: str, of: str) -> bool:
    """Whether one or two persons or providers dominate the sum of a number."""
    sums = rows.select(of, held=_held(name)).drop_nulls(of).group_by(of).agg(pl.sum("held"))
    return bool(sums.select(is_dominated(pl.col("held"))).item())


def _number(rows: pl.DataFrame, name: str, parts: Sequence[str], noise: CellNoise | None) -> pl.DataFrame:
    """Describe a number in one group by quartiles, and by mean and standard deviation of values held within `_TAILS`.

    Digits are those that the mean's 90 % interval carries. Noise moves the ranks of quartiles by as many persons as it
    moves a count, means and standard deviations as it moves a share. Nothing is told where one or two dominate the
    sum, of persons or of other `parts`.
    """
    rows, value, held = rows.with_columns(person=_whom(name)), pl.col(name).cast(pl.Float64), _held(name)
    group, known = (cell("observed", "persons", inside, "person") for inside in (_EVERYBODY, value.is_not_null()))
    counted = rows.select(pl.first("group"), pl.lit(name).alias("variable"), **known)
    persons = max(int(counted["persons"].item()), 1)

    def added(statistic: str) -> float:
        if noise is None:
            return 0.0
        key = within(counted["persons_key"].to_numpy(), rows.select(group["persons_key"]).to_series().to_numpy())
        return float(noise.around_zero(key, f"{statistic} of {name}")[0]) / persons

    rank = added("rank")
    statistics = {
        "mean": held.mean() + added("mean") * (held.max() - held.min()),
        "standard_deviation": held.std() * (1 + added("standard deviation")),
        **{
            said: value.quantile(min(max(share + rank, 0.0), 1.0), "linear")
            for said, share in zip(_STATISTICS[2:], (0.25, 0.5, 0.75), strict=True)
        },
    }
    width = 2 * normal_quantile(PUBLISHED_LEVEL) * held.std() / persons**0.5
    described = rows.select(**{said: to_width(found, width) for said, found in statistics.items()})
    if any(_dominated(rows, name, part) for part in parts):
        described = described.clear(1)
    return counted.hstack(described)


def _labelled(frame: pl.DataFrame, order: Sequence[str], labels: Mapping[str, LocalisedText]) -> pl.DataFrame:
    variable = pl.col("variable")
    return frame.with_columns(
        order=variable.replace_strict(list(order), range(len(order)), return_dtype=pl.Int32),
        label=variable.replace_strict({name: text.en for name, text in labels.items()}),
        label_sv=variable.replace_strict({name: text.sv for name, text in labels.items()}),
    ).sort("order", *(name for name in ("level", "group") if name in frame.columns))
