"""The third step: the chosen model tested on persons that it has not seen.

In: `StudyData`, a `RiskModel` and what was compared. Out: an `Evaluation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import LocalisedText, Subgroup
from riskstrat.errors import DesignError
from riskstrat.errors.arguments import checked
from riskstrat.estimators.sample import outcome_weights
from riskstrat.estimators.sample_size import cox_snell, sample_size
from riskstrat.incidence import censoring_weights, outcome_within
from riskstrat.numerics.folds import Split
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.numerics.links import LOGIT
from riskstrat.records.areas import MUNICIPALITY
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.evaluation import Evaluation
from riskstrat.records.model import RiskModel
from riskstrat.records.omission import Omission
from riskstrat.records.validation import Validation
from riskstrat.study.data import StudyData
from riskstrat.study.missing_notes import missing_notes
from riskstrat.study.models import BASELINE, Comparison, compare, fit_by_fold
from riskstrat.validation import missingness, overlap, validate
from riskstrat.validation.calibration import in_the_large
from riskstrat.validation.horizon_labels import label_outcomes

People = TypeVar("People", bound=Target)

GROUPS = ("sex", "age_band")
"""What checks are repeated by in every study, beside the subgroups of its condition."""

_NO_EARLIER_LANDMARK = Omission(
    part="validation_in_time",
    reason=LocalisedText(
        en="The model was not tested on later years: no index dates lie a whole horizon before the last ones.",
        sv="Modellen prövades inte på senare år: inga indexdatum ligger en hel uppföljningstid före de sista.",
    ),
)
_TOO_FEW_IN_TIME = Omission(
    part="validation_in_time",
    reason=LocalisedText(
        en="The model was not tested on later years: there are too few outcomes before or after.",
        sv="Modellen prövades inte på senare år: det finns för få utfall före eller efter.",
    ),
)
_TOO_FEW_ELSEWHERE = Omission(
    part="validation_by_municipality",
    reason=LocalisedText(
        en="The model was not tested on municipalities that it had not seen: there are too few outcomes in some.",
        sv="Modellen prövades inte på kommuner som den inte sett: i någon finns för få utfall.",
    ),
)

_NEVER_ENOUGH = {
    "en": "The model explains so little that no number of persons would be enough for it (Riley et al. 2020).",
    "sv": "Modellen förklarar så lite att inget antal personer skulle räcka för den (Riley m.fl. 2020).",
}
_TOO_FEW = {
    "shrinkage": {
        "en": "Few persons for this model: about {} are needed for risks that are at most a tenth too far apart among "
        "new persons (Riley et al. 2020).",
        "sv": "Få personer för denna modell: omkring {} behövs för att riskerna ska ligga högst en tiondel för långt "
        "isär bland nya personer (Riley m.fl. 2020).",
    },
    "optimism": {
        "en": "Few persons for this model: about {} are needed for it to explain nearly as much among new persons as "
        "among those that it was fitted to (Riley et al. 2020).",
        "sv": "Få personer för denna modell: omkring {} behövs för att den ska förklara nästan lika mycket bland nya "
        "personer som bland dem den anpassades till (Riley m.fl. 2020).",
    },
    "overall_risk": {
        "en": "Few persons: about {} are needed to know the overall risk to a fifth of itself (Riley et al. 2020).",
        "sv": "Få personer: omkring {} behövs för att känna den samlade risken på en femtedel när (Riley m.fl. 2020).",
    },
}


@checked
def evaluate(data: StudyData, model: RiskModel, comparison: Comparison | None = None) -> Evaluation:
    """Test the model's candidate on rows that its fold models have not seen, beside age and sex.

    Folds by person and family are those of the comparison, so nothing is fitted twice. In time, models that were fitted
    to earlier outcomes are tested on the last landmark.

    Parameters
    ----------
    data
        What `prepare` returned.
    model
        What `fit` returned for these data.
    comparison
        What `compare` returned; computed where left out.

    Returns
    -------
    Evaluation
        A `Validation` for each kind of split, and what could not be tested, with the reason.

    Raises
    ------
    DesignError
        If fewer than 10 assessed rows had, or fewer than 10 did not have, the outcome.

    Examples
    --------
    >>> sorted(evaluate(data, model, comparison).checks)
    ['person', 'time']
    """
    comparison = comparison or compare(data)
    size = _sample_size(data, model, comparison)
    everybody = np.arange(data.training.cohort.people.height)
    by_person = check(data, comparison.risk, comparison.baseline, everybody)
    checks = {"person": by_person, "time": _in_time(data, model)}
    if MUNICIPALITY in data.splits:
        place = data.training.cohort.people[MUNICIPALITY]
        checks[MUNICIPALITY] = _by_other_models(data, model, MUNICIPALITY, _TOO_FEW_ELSEWHERE, location=place)
    others = {name: _other_outcome(data, name, comparison.risk) for name in data.training.other_outcomes}
    gaps = missingness(data.training.X, with_subgroups(data), groups_of(data))
    return Evaluation(
        checks={name: one for name, one in checks.items() if not isinstance(one, Omission)},
        outcome_checks={name: one for name, one in others.items() if not isinstance(one, Omission)},
        splits=_described(data.splits, data.training.cohort),
        risk=comparison.risk,
        sample_size=size,
        missingness=gaps,
        notes=(*model.estimator.notes_, *_too_few_persons(size), *missing_notes(gaps, data.condition)),
        omissions=(
            *(one for one in (*checks.values(), *others.values()) if isinstance(one, Omission)),
            *_not_compared(data, by_person),
        ),
    )


def check(
    data: StudyData,
    risk: NDArray[np.float64],
    baseline: NDArray[np.float64] | None,
    rows: NDArray[np.intp],
    *,
    cohort: Cohort | None = None,
    by: Sequence[str] | None = None,
    location: pl.Series | None = None,
) -> Validation:
    """Validate the risks of some training rows beside those of age and sex; neither model has seen these rows.

    Of the rows, given by number with their risks (rows,), those that are counted are tested: landmarks closer than the
    horizon would count outcomes twice. `cohort` is the training rows followed to another outcome, without published
    scores beside; `by` columns to group by, by default those of `groups_of`, and as well by the `location` of the
    training rows, whose name is the column.
    """
    training, scores = data.training, data.training.scores if cohort is None else {}
    labelled, located = with_subgroups(data), [] if location is None else [location]
    labels = labelled.people.select(one.name for one in data.condition.subgroups)
    outcomes = labelled.counted_outcomes() if cohort is None else None
    cohort = cohort or labelled
    people = cohort.people.with_columns(*labels, *located)
    counted = cohort.is_counted[rows]
    rows = rows[counted]
    people = people[rows]
    by = groups_of(data) if by is None else by
    found = validate(
        risk[counted],
        replace(cohort, people=people),
        by=(*by, *(one.name for one in located)),
        references={
            one.name: label
            for one in data.condition.subgroups
            if one.name in by and (label := one.compared_with) and label in people[one.name]
        },
        baseline=None if baseline is None else baseline[counted],
        benchmarks={name: score[rows] for name, score in scores.items()},
        draws=data.settings.bootstrap_draws,
        seed=data.seed,
        level=PUBLISHED_LEVEL,
        sample_weight=training.weight[rows] if cohort.must_be_assessed else None,
    )
    return replace(found, outcomes=outcomes)


def groups_of(data: StudyData) -> tuple[str, ...]:
    """Name the columns that results are repeated by: sex, age and the subgroups of the condition."""
    return (*GROUPS, *(subgroup.name for subgroup in data.condition.subgroups))


def with_subgroups(data: StudyData) -> Cohort:
    """Give the training cohort with the subgroups of the condition as columns."""
    return _labelled(data.training.cohort, data.training.X, data.condition.subgroups)


def target_with_subgroups(data: StudyData) -> Target:
    """Give the target population with the subgroups of the condition as columns."""
    return _labelled(data.target.target, data.target.X, data.condition.subgroups)


def _labelled(people: People, X: pl.DataFrame, subgroups: Sequence[Subgroup]) -> People:
    missing = X.select(one.labels() for one in subgroups if one.name not in people.people.columns)
    return replace(people, people=people.people.with_columns(missing))


def _in_time(data: StudyData, model: RiskModel) -> Validation | Omission:
    """Test on the last landmark, where a whole horizon lies before it and both sides have outcomes enough."""
    if not data.splits["time"].possible:
        return _NO_EARLIER_LANDMARK
    return _by_other_models(data, model, "time", _TOO_FEW_IN_TIME)


def _by_other_models(
    data: StudyData, model: RiskModel, split: str, too_few: Omission, location: pl.Series | None = None
) -> Validation | Omission:
    """Test the rows that a split tests, by models of its training rows, where there are outcomes enough."""
    folds = data.splits[split]
    rows = np.sort(np.concatenate(folds.test))
    try:
        risk, baseline = (fit_by_fold(data, candidate, folds).risk[rows] for candidate in (model.candidate, BASELINE))
        return check(data, risk, baseline, rows, location=location)
    except DesignError:
        return too_few


def _other_outcome(data: StudyData, name: str, risk: NDArray[np.float64]) -> Validation | Omission:
    """Test the risks on another outcome, moved to its level, along the subgroups of the condition."""
    cohort = data.training.other_outcomes[name]
    followed = cohort.people["horizon_covered"].fill_null(value=False).to_numpy()
    rows = np.flatnonzero(followed & cohort.is_counted)
    of_rows = replace(cohort, people=cohort.people[rows])
    try:
        if not len(rows):
            return _not_tested_on(data, name)
        labels = label_outcomes(
            of_rows.outcome,
            risk[rows],
            cohort.horizon_days,
            censoring_weights(of_rows.outcome, cohort.horizon_days, of_rows.people["landmark"], truncate=1),
        )
        moved = LOGIT.inverse(labels.logit + in_the_large(labels))
        asked = next(one.by for one in data.condition.outcome_checks if one.name == name)
        by = [one.name for one in data.condition.subgroups if one.name in asked or not asked]
        return check(data, moved, None, rows, cohort=cohort, by=by)
    except DesignError:
        return _not_tested_on(data, name)


def _not_tested_on(data: StudyData, name: str) -> Omission:
    title = next(one.title for one in data.condition.outcome_checks if one.name == name)
    return Omission(
        part=f"outcome_{name}",
        reason=LocalisedText(
            en=f"The predictions were not tested on {title.en}: too few were followed to it, or had it.",
            sv=f"Riskerna prövades inte mot {title.sv}: för få följdes till det, eller drabbades.",
        ),
    )


def _not_compared(data: StudyData, checked: Validation) -> Iterator[Omission]:
    """Say which published scores too few people have for a comparison."""
    for one in data.condition.benchmarks:
        if f"benchmark={one.name}" not in checked.benchmarks["group"]:
            yield Omission(
                part=f"benchmark_{one.name}",
                reason=LocalisedText(
                    en=f"The model was not compared with {one.title.en}: too few have all that the score needs in the "
                    "registers.",
                    sv=f"Modellen jämfördes inte med {one.title.sv}: för få har allt som måttet kräver i registren.",
                ),
            )


def _sample_size(data: StudyData, model: RiskModel, comparison: Comparison) -> pl.DataFrame:
    """Find how many persons the model needs, and whether so many of known status were followed.

    The overall risk is to be known to a fifth of itself, and to .05 at most.
    """
    training, horizon = data.training, data.condition.horizon_days
    weight = outcome_weights(training.cohort.outcome, horizon, training.weight, training.landmark)
    rows = np.flatnonzero(weight > 0)
    label = outcome_within(training.cohort.outcome, horizon)[rows]
    risk = float(np.average(label, weights=weight[rows]))
    explained = cox_snell(label, comparison.risk[rows], weight[rows])
    persons = training.cohort.people["person_id"][rows].n_unique()
    found = sample_size(model.estimator.parameters_, explained, risk, margin=min(0.05, risk / 5))
    return found.with_columns(enough=(pl.col("needed") <= persons).fill_null(value=False))


def _too_few_persons(size: pl.DataFrame) -> Iterator[LocalisedText]:
    for criterion, needed in size.filter(~pl.col("enough")).select("criterion", "needed").iter_rows():
        if needed is None:
            yield LocalisedText(**_NEVER_ENOUGH)
            return
        rounded = int(float(f"{needed:.2g}"))
        text, written = _TOO_FEW[criterion], f"{rounded:,}"
        yield LocalisedText(
            en=text["en"].format(written), sv=text["sv"].format(written.replace(",", "\N{NO-BREAK SPACE}"))
        )


def _described(splits: Mapping[str, Split], cohort: Cohort) -> pl.DataFrame:
    """Say how each split was made, and count whom training and test rows share: nobody."""
    shared = {name: overlap(split, cohort.people) for name, split in splits.items()}
    return pl.DataFrame(
        {
            "split": list(splits),
            "note": [split.note for split in splits.values()],
            "shared_persons": [int(table["shared_persons"].sum()) for table in shared.values()],
            "shared_families": [int(table["shared_families"].sum()) for table in shared.values()],
        }
    )
