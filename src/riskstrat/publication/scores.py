"""Risks of a model for the people of today, by group: protected people, and what is expected of them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from riskstrat.disclosure import CASES, CellNoise, Disclosure, ProtectedRows, Released, Table, release
from riskstrat.errors import UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import number_groups
from riskstrat.publication.noise import noise_of
from riskstrat.publication.transport import inputs_table
from riskstrat.publication.validation import metrics, protected
from riskstrat.records.scores import Scores
from riskstrat.records.validation import Validation

GROUPS = ("area_id", "care_centre_id", "sex", "age_years", "birth_region")
"""What scores may be given by: nothing that names a person or a family."""


@checked
def release_scores(
    scores: Scores, by: Sequence[str] = ("area_id",), disclosure: Disclosure | None = None
) -> dict[str, Released]:
    """Release what a model expects, by group, and how far the features have moved since its study.

    Parameters
    ----------
    scores
        What `StoredModel.score` gave.
    by
        Columns of ``scores.target.people`` that make the groups, of `GROUPS`.
    disclosure
        The rule; the standard one where left out.

    Returns
    -------
    dict of str to Released
        ``groups`` (the columns, people, expected_cases, mean_risk) and ``inputs``. People are protected counts, and the
        sums of risks hide any one person; groups of fewer than 20 people tell no risk.

    Raises
    ------
    UsageError
        If there is no such column.

    Examples
    --------
    >>> from riskstrat.records.scores import Scores
    >>> from riskstrat.validation import input_drift
    >>> X = data.target.X
    >>> scores = Scores(
    ...     model="", target=study.target, risk=model.predict_risk(X), inputs=input_drift(model.target_summary, X)
    ... )
    >>> release_scores(scores, by=["sex"])["groups"].frame.columns
    ['sex', 'people', 'expected_cases', 'mean_risk']
    """
    known = [name for name in GROUPS if name in scores.target.people.columns]
    UsageError.refuse(unknown("column", name, known) for name in by if name not in known)
    rule = disclosure or scores.target.disclosure
    noise = noise_of(rule)
    tables = {
        "groups": _groups(scores, tuple(by), rule, noise),
        "inputs": inputs_table(scores.inputs, len(scores.risk)),
    }
    return release(tables, rule, noise)


@checked
def release_outcomes(outcomes: Validation, disclosure: Disclosure) -> Released:
    """Release what happened beside what a model expected of it: the metrics of a validation, of 200 persons or more.

    Examples
    --------
    >>> found = release_outcomes(study.checks["person"], study.settings.disclosure).frame
    >>> "observed_expected" in found["metric"].to_list()
    True
    """
    noise = noise_of(disclosure)
    return release({"outcomes": metrics(protected(outcomes, noise), noise)}, disclosure, noise)["outcomes"]


def _groups(scores: Scores, by: tuple[str, ...], rule: Disclosure, noise: CellNoise | None) -> Table:
    people = scores.target.people
    cell, labels = number_groups(people.select(by), people.height)
    rows = ProtectedRows.of(people, noise)
    counted = rows.count(cell, labels.height)
    expected = rows.risk_sum(scores.risk, cell, labels.height, scale=float(scores.risk.mean()))
    frame = labels.with_columns(people=pl.Series(counted), expected_cases=pl.Series(expected)).with_columns(
        mean_risk=pl.col("expected_cases") / pl.col("people")
    )
    return Table(
        frame,
        dimensions=by,
        counts=("people",),
        derived=dict.fromkeys(("expected_cases", "mean_risk"), ("people",)),
        protected=() if noise is None else ("people",),
        fewest={"people": rule.min_people},
        digits={"expected_cases": CASES},
    )
