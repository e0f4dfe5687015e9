"""Tables of how well predicted risks agree with what happened, of counts that carry the noise of their cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import DIGITS, SHARE, ByInterval, CellNoise, Figures, Table, within
from riskstrat.disclosure.digits import to_width
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, normal_quantile, wilson_interval
from riskstrat.publication.dividing import with_protected_cases
from riskstrat.publication.noise import noisy
from riskstrat.records.validation import Validation

LISTED = 0.01
"""Features of which fewer index dates lack a value are told of everybody alone: their groups would be empty."""

_EVERYBODY = "all"


def missingness_table(found: pl.DataFrame, noise: CellNoise | None) -> Table:
    """Give index dates, and the share of them without a value, by feature and group of at least 20 persons.

    With noise the share is a function of two protected counts and is never withheld because few values are missing,
    which may be what matters. Which features are listed by group is decided on the share that is shown.
    """
    index_dates = noisy(found["index_dates"], found["index_key"], noise)
    missing = noisy(found["missing"], found["missing_key"], noise, of=found["index_key"])
    frame = found.with_columns(share=(missing / index_dates).clip(upper_bound=1))
    listed = frame.filter(pl.col("group") == _EVERYBODY, pl.col("share") >= LISTED)["feature"]
    return Table(
        frame.filter((pl.col("group") == _EVERYBODY) | pl.col("feature").is_in(listed.implode())).select(
            "feature",
            "group",
            "index_dates",
            "persons",
            "missing",
            "missing_persons",
            "share",
            "index_key",
            "person_key",
        ),
        dimensions=("feature", "group"),
        counts=("index_dates",),
        unshown=("missing",),
        derived={"share": ("index_dates", "missing") if noise is None else "index_dates"},
        persons={"index_dates": "persons", "missing": "missing_persons"},
        keys={"index_dates": "index_key", "persons": "person_key"},
        fewest={"index_dates": FEWEST_PEOPLE},
        digits={"share": SHARE},
    )


FEWEST_PEOPLE = 20
"""People of every group that is described by more than its number."""
FEWEST_FOR_METRICS = 200
"""With fewer persons a metric of all tells of one."""
MOST_THRESHOLDS = 8
"""Between two of more thresholds would lie single persons."""

_ESTIMATES = ("estimate", "lower", "upper")
_POSITIVES = ("true_positives", "false_positives")
_SHARES = ("net_benefit", "true_positive_share", "false_positive_share")
_PERSONS = MappingProxyType({"n": "persons", "cases": "case_persons"})
_KEYS = MappingProxyType(
    {"n": "index_key", "persons": "person_key", "cases": "case_key", "case_persons": "case_person_key"}
)


def tables_of_checks(
    checks: Mapping[str, Validation],
    noise: CellNoise | None,
    tables_of: Callable[[Validation, CellNoise | None], Mapping[str, Table]] | None = None,
) -> dict[str, Table]:
    """Give the tables of several validations, ``metrics_person`` say; by default those of `validation_tables`."""
    return {
        f"{kind}_{name}": table
        for name, check in checks.items()
        for kind, table in (tables_of or validation_tables)(check, noise).items()
    }


def validation_tables(checked: Validation, noise: CellNoise | None) -> dict[str, Table]:
    """Give the tables ``metrics``, ``gaps``, ``capacity``, ``calibration`` and ``net_benefit`` of a validation.

    Beside them ``benchmarks`` where published scores were compared. The smooth curve stays inside: its values would
    give single outcomes away.
    """
    checked = protected(checked, noise)
    return {
        "metrics": metrics(checked, noise),
        **({} if checked.benchmarks.is_empty() else {"benchmarks": benchmarks(checked, noise)}),
        "gaps": gaps(checked, noise),
        "capacity": capacity(checked, noise),
        "calibration": calibration(checked, noise),
        "net_benefit": net_benefit(checked, noise),
    }


def outcome_tables(checked: Validation, noise: CellNoise | None) -> dict[str, Table]:
    """Give ``outcome`` and ``outcome_gaps``: metrics on another outcome than the model's, and gaps between groups."""
    checked = protected(checked, noise)
    return {"outcome": metrics(checked, noise), "outcome_gaps": gaps(checked, noise)}


def protected(checked: Validation, noise: CellNoise | None) -> Validation:
    """Add to the counts behind a validation the protected outcomes, which all of its tables are made from."""
    whole = None if noise is None or checked.outcomes is None else checked.outcomes.together(noise)
    return replace(checked, persons=with_protected_cases(checked.persons, noise, whole))


def metrics(checked: Validation, noise: CellNoise | None) -> Table:
    """Give every metric with its interval, overall and by group; ``n`` counts index dates.

    Observed over expected has the noise of the observed outcomes, the other metrics that of a mean over the outcomes:
    the standard deviation of what one of them is to a mean is its standard error over the root of their number.
    """
    return _estimates(_metrics(checked, noise), ("metric", "group"))


def _estimates(frame: pl.DataFrame, dimensions: tuple[str, ...]) -> Table:
    """Give estimates with intervals, of index dates and outcomes of enough persons; these counts stay inside."""
    return Table(
        frame,
        dimensions=dimensions,
        denominators={"cases": "n"},
        unshown=("cases",),
        derived=dict.fromkeys(_ESTIMATES, ("n", "cases")),
        persons=_PERSONS,
        keys=_KEYS,
        fewest={"n": FEWEST_FOR_METRICS},
        digits={"estimate": ByInterval("lower", "upper")},
    )


def benchmarks(checked: Validation, noise: CellNoise | None) -> Table:
    """Give how well published scores, and the model beside them, order the people who have one: ``people`` of them."""
    table = metrics(replace(checked, table=checked.benchmarks), noise)
    return replace(
        table,
        frame=table.frame.with_columns(people="persons"),
        counts=("people",),
        keys={**_KEYS, "people": "person_key"},
    )


def _metrics(checked: Validation, noise: CellNoise | None) -> pl.DataFrame:
    frame = checked.table.join(_behind(checked), on="group", how="left", maintain_order="left")
    is_ratio, changed = pl.col("metric") == "observed_expected", pl.col("protected_cases") / pl.col("cases")
    error = (pl.col("upper") - pl.col("lower")) / (2 * normal_quantile(checked.level))
    added = error / pl.col("cases").sqrt() * _around_zero(frame, noise) + _of_level(changed)
    return frame.with_columns(
        pl.when(is_ratio).then(times).otherwise(pl.col(name) + added).alias(name)
        for name, times in zip(_ESTIMATES, _times(changed, noise), strict=True)
    ).drop("protected_cases", "cases_variance")


def _of_level(changed: pl.Expr) -> pl.Expr:
    """How far metrics that follow the number of outcomes move with their noise, or they would tell it once more."""
    moved = {"brier": pl.col("estimate") * (changed - 1), "calibration_in_the_large": changed.clip(0.01).log()}
    chosen = (pl.when(pl.col("metric") == name).then(by) for name, by in moved.items())
    return pl.coalesce(*chosen, pl.lit(0.0))


def _times(factor: pl.Expr, noise: CellNoise | None) -> list[pl.Expr]:
    """Multiply an estimate and its limits: with noise these by what takes the estimate to the digits that are shown.

    Limits that are rounded at edges of their own would tell of the count behind the factor once more.
    """
    estimate, lower, upper = map(pl.col, _ESTIMATES)
    shown = factor if noise is None else to_width(estimate * factor, upper - lower) / estimate
    of_limits = pl.when(estimate > 0).then(shown).otherwise(factor)
    return [estimate * factor, lower * of_limits, upper * of_limits]


def gaps(checked: Validation, noise: CellNoise | None) -> Table:
    """Give how far each group lies from the reference of its column, overall and not at a capacity.

    It is the difference of what `metrics` shows; the interval keeps its width.
    """
    shown = _metrics(checked, noise)
    value = shown.select("metric", "group", value="estimate")
    frame = (
        checked.gaps.filter(pl.col("capacity").is_null())
        .drop("capacity")
        .join(shown.drop(_ESTIMATES), on=["metric", "group"], how="left", maintain_order="left")
        .join(value, on=["metric", "group"], how="left", maintain_order="left")
        .join(value.rename({"group": "reference", "value": "other"}), on=["metric", "reference"], how="left")
        .with_columns(moved=pl.col("value") - pl.col("other") - pl.col("estimate"))
        .with_columns(pl.col(_ESTIMATES) + pl.col("moved"))
    )
    return _estimates(frame.drop("value", "other", "moved"), ("metric", "group", "reference"))


def capacity(checked: Validation, noise: CellNoise | None) -> Table:
    """Who is reached at each capacity, of index dates and outcomes that carry the noise of their cells.

    ``n`` counts the reached index dates of the group; each share follows from it, the outcomes among them and the same
    two of the group and of everybody, each with its noise.
    """
    behind = _behind(checked).with_columns(index_dates=checked.persons["index_dates"])
    cell = pl.format("capacity={};{}", pl.col("capacity").map_elements("{:g}".format, return_dtype=pl.String), "group")
    of_reached, of_group = (
        checked.capacity.drop("n")
        .with_columns(cell=by)
        .join(behind.rename({"group": "cell", "index_dates": "n"}), on="cell", how="left", maintain_order="left")
        for by in (cell, pl.col("group"))
    )
    everybody = of_group.select("capacity").join(behind.filter(group="all").rename({"index_dates": "n"}), how="cross")
    behind_each = of_reached, of_group, everybody
    people = [noisy(one["n"], one["index_key"], noise) / one["n"] for one in behind_each]
    cases = [one["protected_cases"] / one["cases"] for one in behind_each]
    factors = {
        "reached": people[0] / people[1],
        "sensitivity": cases[0] / cases[1],
        "ppv": cases[0] / people[0],
        "share_of_cases": cases[0] / cases[2],
    }
    chosen = pl.coalesce(*(pl.when(pl.col("metric") == name).then(factor) for name, factor in factors.items()))
    shown = of_reached.drop("cell", "protected_cases", "cases_variance").with_columns(
        times.clip(0, 1).alias(name) for name, times in zip(_ESTIMATES, _times(chosen, noise), strict=True)
    )
    table = _estimates(shown.filter(pl.col("n").is_not_null()), ("capacity", "metric", "group"))
    return replace(table, digits={**table.digits, "capacity": Figures(DIGITS)})


def _around_zero(frame: pl.DataFrame, noise: CellNoise | None) -> pl.Series:
    """Noise of each metric (of risks: of each mean) of the cells of a frame, 0 where a cell has nobody."""
    if noise is None:
        return pl.zeros(frame.height, eager=True)
    names = frame["metric"].to_numpy() if "metric" in frame.columns else np.full(frame.height, "mean_predicted")
    keys = frame.select(pl.col("index_key").fill_null(0), pl.col("case_key").fill_null(0))
    found = within(keys["case_key"].to_numpy(), keys["index_key"].to_numpy())
    added = np.zeros(frame.height)
    for name in set(names):
        added[names == name] = noise.around_zero(found[names == name], name)
    return pl.Series(added)


def calibration(checked: Validation, noise: CellNoise | None) -> Table:
    """Ten groups by risk: outcomes and index dates, both with noise, give the observed share and its interval.

    The mean risk of a group has the noise of one person of such a risk.
    """
    group = pl.format("risk_group={}", "risk_group").alias("group")
    behind = _behind(checked)
    frame = checked.calibration.with_columns(group).join(behind, on="group", how="left", maintain_order="left")
    predicted = pl.col("mean_predicted") * (1 + _around_zero(frame, noise) / pl.col("n"))
    shown = frame if noise is None else frame.with_columns(predicted, *_observed(frame, noise))
    return Table(
        shown.drop("group", "protected_cases", "cases_variance").with_columns(
            everybody=pl.lit(behind.filter(group="all")["persons"].item())
        ),
        dimensions=("risk_group",),
        denominators={"cases": "n"},
        unshown=("cases", "everybody"),
        derived={
            "mean_predicted": ("n", "everybody"),
            **dict.fromkeys(("observed", "lower", "upper"), ("n", "cases", "everybody")),
        },
        persons=_PERSONS,
        keys=_KEYS,
        fewest={"everybody": FEWEST_FOR_METRICS},
        digits={"observed": ByInterval("lower", "upper"), "mean_predicted": Figures(2)},
    )


def _observed(frame: pl.DataFrame, noise: CellNoise) -> list[pl.Series]:
    """Observed shares of each group, with Wilson's interval at the size that the noise leaves."""
    n = noisy(frame["n"], frame["index_key"], noise).to_numpy()
    weighted = (frame["observed"] * frame["n"]).round()
    share = ((weighted + frame["protected_cases"] - frame["cases"]) / n).clip(0, 1)
    variance = frame["cases_variance"].to_numpy()
    lower, upper = _limits(share, n, variance)
    shown = pl.select(to_width(pl.lit(share), pl.lit(upper - lower))).to_series()
    limits = zip(("lower", "upper"), _limits(shown, n, variance), strict=True)
    return [share.alias("observed"), *(limit.alias(name) for name, limit in limits)]


def _limits(
    share: pl.Series, n: npt.NDArray[np.int64], variance: npt.NDArray[np.float64]
) -> tuple[pl.Series, pl.Series]:
    """Wilson's interval of shares of `n` people, at the size that noise of a variance leaves; null where a share is."""
    known = share.fill_null(0.5).to_numpy()
    found = wilson_interval(known, n, PUBLISHED_LEVEL, variance / n**2)
    lower, upper = (pl.Series(limit).set(share.is_null(), None) for limit in found)
    return lower, upper


def net_benefit(checked: Validation, noise: CellNoise | None) -> Table:
    """Net benefit of true and false positives, both with noise, at no more than eight thresholds."""
    thresholds = checked.net_benefit["threshold"].unique().sort()
    at = np.unique(np.linspace(0, len(thresholds) - 1, MOST_THRESHOLDS).round().astype(int))
    number = pl.format("threshold={}", pl.col("threshold").rank("dense").cast(pl.Int64))
    group = pl.when(pl.col("strategy") == "model").then(number).otherwise(pl.lit("all"))
    frame = (
        checked.net_benefit.with_columns(group=group)
        .filter(pl.col("threshold").is_in(thresholds.gather(at).implode()))
        .join(checked.persons, on="group", how="left", maintain_order="left")
        .join(checked.persons.filter(group="all").select(n="index_dates", everybody="persons"), how="cross")
    )
    shown = frame.with_columns(_positives(frame, noise))
    return Table(
        shown.select("threshold", "strategy", *_SHARES, *_POSITIVES, "everybody"),
        dimensions=("threshold", "strategy"),
        unshown=(*_POSITIVES, "everybody"),
        derived=dict.fromkeys(_SHARES, (*_POSITIVES, "everybody")),
        protected=() if noise is None else _POSITIVES,
        fewest={"everybody": FEWEST_FOR_METRICS},
        digits={"threshold": Figures(DIGITS), **dict.fromkeys(_SHARES, Figures(2))},
    )


def _positives(frame: pl.DataFrame, noise: CellNoise | None) -> list[pl.Series]:
    """Count true and false positives, and with noise the shares that come of them: 0 where nobody is acted on.

    There nobody is behind the shares, and everybody stands in the place of the counts that decide. The false positives
    are those above a threshold without the true ones, both protected: noise of their own would tell of these again.
    """
    n, odds = frame["n"], frame["threshold"] / (1 - frame["threshold"])
    counts = [(frame[name] * n).round().cast(pl.Int64) for name in _SHARES[1:]]
    if noise is None:
        return [count.alias(name) for count, name in zip(counts, _POSITIVES, strict=True)]
    acts = (frame["strategy"] != "none").cast(pl.Int64)
    of_true, above = (
        frame["protected_cases"] - frame["cases"],
        noisy(frame["index_dates"], frame["index_key"], noise) - frame["index_dates"],
    )
    moved = of_true, above - of_true
    changed = [(count + more).clip(0) * acts for count, more in zip(counts, moved, strict=True)]
    true, false = (count / noisy(n, frame["index_key"], noise) for count in changed)
    shares = (true - false * odds, true, false)
    behind = (count + n * (1 - acts) for count in changed)
    return [count.alias(name) for count, name in zip((*behind, *shares), (*_POSITIVES, *_SHARES), strict=True)]


def _behind(checked: Validation) -> pl.DataFrame:
    return checked.persons.drop("index_dates")
