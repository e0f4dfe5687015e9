"""All steps of a study, in order.

In: a condition, registers, an as-of date and settings. Out: a `Study`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from riskstrat.declare import Condition, Settings
from riskstrat.disclosure import CellNoise
from riskstrat.errors.arguments import checked
from riskstrat.explanation import explain
from riskstrat.features.execution import computed_on
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.omission import Omission, unless_omitted
from riskstrat.records.partition import Partition
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.study.area_results import estimate_area_results
from riskstrat.study.data import prepare
from riskstrat.study.evaluation import evaluate
from riskstrat.study.follow_up import follow_indicators
from riskstrat.study.incidence import observed_incidence
from riskstrat.study.interpretation import interpret
from riskstrat.study.models import compare, fit
from riskstrat.study.plans import plan
from riskstrat.study.progress import Progress, part_of, silent
from riskstrat.study.projection import forecast_of, project_results


@checked
def run(
    condition: Condition,
    registers: Registers,
    as_of: date,
    settings: Settings | None = None,
    *,
    partition: Partition | None = None,
    noise: CellNoise | None = None,
    forecast: pl.DataFrame | None = None,
    earlier: Sequence[FollowUp] = (),
    scheduler: str | None = None,
    progress: Progress = silent,
) -> Study:
    """Run all steps from registers to priority areas.

    Parameters
    ----------
    condition
        Who is at risk of what.
    registers
        What `riskstrat.open_registers` returned.
    as_of
        The as-of date, or its ISO text: what was not known before it does not exist.
    settings
        How the study is computed; the standard settings where left out.
    partition
        An earlier one, so that editions describe the same units, or a table of one's own; see `prepare`.
    noise
        What protects the counts that results are computed from; by default under the secret of the registers' holder
        (`riskstrat.files.secret.protection_secret`), as wide as the settings say.
    forecast
        Of the population, by area or municipality, sex, age and year (`riskstrat.areas.read_forecast`): with one the
        study also looks ahead.
    earlier
        What an earlier run followed (`riskstrat.indicators.read_follow_up`): indicators of the same declaration are
        held against what it expected.
    scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``: features and folds are computed on its workers,
        with the same results (``docs/distributed.md``).
    progress
        Called with what is being done and the share that is done before it, 0 to 1.

    Returns
    -------
    Study
        Every answer, with what it was made of, and what could not be answered.

    Raises
    ------
    ContractError
        If the data break the contract.
    DesignError
        If nobody is eligible, or there are too few outcomes.
    UsageError
        If the condition asks for a table that is not there, `as_of` lies too far behind the end of the data, or the
        forecast lacks years, ages or areas.

    Examples
    --------
    >>> from datetime import date
    >>> study = run(condition, registers, date(2024, 1, 1), settings)
    >>> study.model.candidate.label, study.areas.table.height
    ('Logistic', 11)
    """
    with computed_on(scheduler):
        data = prepare(
            condition,
            registers,
            as_of,
            settings,
            partition=partition,
            noise=noise,
            progress=part_of(progress, 0.02, 0.25),
        )
        population = None if forecast is None else forecast_of(data, forecast)
        progress("comparing models", 0.25)
        comparison = compare(data)
        model = fit(data, comparison)
        progress("testing the model on people it has not seen", 0.45)
        evaluation = evaluate(data, model, comparison)
        progress("estimating areas and priorities", 0.70)
        results = estimate_area_results(data, model)
        plans = plan(data, results)
        area_results = unless_omitted(results)
        ahead = project_results(results, population, unless_omitted(plans.areas))
        explanation = explain(model.estimator, data.target.X, data.families)
        return Study(
            condition=data.condition,
            settings=data.settings,
            as_of=data.as_of,
            source=data.source,
            cohort=data.cohort,
            target=data.target.target,
            partition=data.partition,
            scores=comparison.scores,
            model=model,
            evaluation=evaluation,
            explanation=explanation,
            interpretation=interpret(data, model, explanation),
            incidence=observed_incidence(data),
            target_risk=model.predict_risk(data.target.X) if area_results is None else area_results.target_risk,
            area_results=area_results,
            plan=unless_omitted(plans.areas),
            strata_plan=unless_omitted(plans.strata),
            group_plan=unless_omitted(plans.groups),
            scenarios=plans.scenarios,
            projection=unless_omitted(ahead),
            follow_up=follow_indicators(data, registers, plans, earlier),
            omissions=(
                *evaluation.omissions,
                *((results,) if isinstance(results, Omission) else results.omissions),
                *plans.omissions,
                *((ahead,) if isinstance(ahead, Omission) else ()),
            ),
            noise=data.noise,
        )
