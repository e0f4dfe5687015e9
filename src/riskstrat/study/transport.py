"""A model that was fitted elsewhere, tested and recalibrated on the people of a new place.

In: a `RiskModel` and the `StudyData` of the new place. Out: a `Transport`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.recalibration import Successive, choose_recalibration, fit_recalibration
from riskstrat.recalibration.updating import RecalibrationKind
from riskstrat.records.model import FittedModel
from riskstrat.records.transport import Transport
from riskstrat.records.validation import Validation
from riskstrat.study.data import StudyData
from riskstrat.study.evaluation import check
from riskstrat.study.models import BASELINE, fit_by_fold, provenance_of
from riskstrat.study.recalibration import Floats, counted_outcomes
from riskstrat.validation import input_drift


@checked
def transport(model: FittedModel, data: StudyData) -> Transport:
    """Test a model on people of a place, or of years, that it has not seen, and recalibrate it to them.

    The model's own recalibration comes first. How much more must change is chosen by a closed test
    (`riskstrat.recalibration.choose_recalibration`) on the index dates that are counted; the recalibrated risks are
    tested with curves fitted to people in other folds.

    Parameters
    ----------
    model
        What `fit` returned elsewhere, or for an earlier as-of date; or what `riskstrat.load_model` gave.
    data
        What `prepare` returned for the new place, with the same condition. `riskstrat.publish` shows what was found
        with a study of the model's own place, by `elsewhere`.

    Returns
    -------
    Transport
        The recalibrated model, what was recommended and why, the drift of its inputs, and validations before and after.

    Raises
    ------
    UsageError
        If the condition differs in anything that features or outcome depend on, or the model was fitted to these very
        data.
    DesignError
        If there are fewer than 10 outcomes in the new place, or the model's risks do not rise with the observed risk.

    Examples
    --------
    >>> from datetime import date
    >>> from riskstrat.study import fit, prepare
    >>> earlier = prepare(condition, registers, date(2022, 1, 1), settings)
    >>> moved = transport(fit(earlier), data)
    >>> moved.recommendation, moved.inputs.height == data.training.X.width - 2
    ('none', True)
    """
    UsageError.refuse(_problems(model, data))
    training = data.training
    rows = np.arange(training.X.height)
    risk, baseline = model.predict_risk(training.X), fit_by_fold(data, BASELINE, data.splits["person"]).risk
    outcomes = _protected_outcomes(data)
    found = choose_recalibration(risk, *outcomes)
    moved = _moved_by_other_folds(data, risk, found.kind, *outcomes)
    before, after = (check(data, risks, baseline, rows) for risks in (risk, moved))
    return Transport(
        model=model.moved(
            Successive(first=model.recalibration, then=found.recalibration),
            replace(provenance_of(data), fingerprint=_names_of(data)[-1]),
        ),
        recommendation=found.kind if _is_better_than_age_and_sex(after) else "refit",
        tests=found.tests,
        inputs=input_drift(model.summary, training.X),
        as_it_is=before,
        recalibrated=after,
        disclosure=data.settings.disclosure,
    )


def _problems(model: FittedModel, data: StudyData) -> list[Problem]:
    ours, theirs = (replace(condition, programmes=()) for condition in (data.condition, model.condition))
    found = []
    if ours.digest != theirs.digest:
        found.append(
            Problem(
                f"a model of {theirs.name} and data of {ours.name}, declared differently",
                "one condition, with the same population, index, outcome and features",
                "prepare the data with model.condition",
            )
        )
    if model.provenance.fingerprint in _names_of(data) and model.provenance.as_of == data.as_of:
        found.append(
            Problem(
                "a model that was fitted to these very data",
                "people, or years, that it has not seen",
                "use evaluate, which tests models on people they have not seen",
            )
        )
    return found


def _names_of(data: StudyData) -> list[str]:
    """Name the data by their fingerprint, and last as it may be told: under the controller's secret."""
    named = data.source.fingerprint
    return [named] if data.noise is None else [named, data.noise.digest(named)]


def _protected_outcomes(data: StudyData) -> tuple[NDArray[np.bool_], Floats]:
    """Outcomes and weights that sum to a protected count: whoever holds the recalibrated model can compute the sum."""
    outcome, weight = counted_outcomes(data)
    if data.noise is None:
        return outcome, weight
    keys = person_keys(data.training.cohort.people["person_id"])[outcome & (weight > 0)]
    added = data.noise.around_zero(keys.sum(keepdims=True), "transport")[0]
    return outcome, np.where(outcome, weight * (1 + added / max(len(keys), 1)), weight)


def _moved_by_other_folds(
    data: StudyData, risk: Floats, kind: RecalibrationKind, outcome: NDArray[np.bool_], weight: Floats
) -> Floats:
    """Recalibrate each fold by the other folds, so that the recalibration is tested on people it has not seen."""
    moved, split = np.empty(len(risk)), data.splits["person"]
    for train, test in zip(split.train, split.test, strict=True):
        moved[test] = fit_recalibration(kind, risk[train], outcome[train], weight[train]).apply(risk[test])
    return moved


def _is_better_than_age_and_sex(checked: Validation) -> bool:
    gain = checked.table.filter(pl.col("metric") == "ipa_gain", pl.col("group") == "all")
    return bool(gain["lower"][0] > 0)
