"""The one place where results are declared fit to publish, and released."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from riskstrat.declare import Candidate, LocalisedText
from riskstrat.disclosure import CellNoise, Disclosure, Figures, Released, Table, release
from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.errors import DisclosureError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.publication import areas as of_areas
from riskstrat.publication import cohort as of_cohort
from riskstrat.publication.characteristics import CARE_CENTRE, TableOne, characteristic_tables
from riskstrat.publication.comparators import comparators_table
from riskstrat.publication.follow_up import follow_up_tables, pilot_tables, projection_tables
from riskstrat.publication.incidence import incidence_tables
from riskstrat.publication.interpretation import interpretation_tables
from riskstrat.publication.levels import group_tables
from riskstrat.publication.noise import noise_of
from riskstrat.publication.plan import assumptions_table, plan_tables, scenario_table
from riskstrat.publication.published import TOKEN, Facts, Published, SourceFacts, secret_name
from riskstrat.publication.summaries import quintiles, risk_strata
from riskstrat.publication.transport import elsewhere_tables, transport_tables
from riskstrat.publication.validation import (
    metrics,
    missingness_table,
    outcome_tables,
    protected,
    tables_of_checks,
    validation_tables,
)
from riskstrat.records.area_results import AreaResults
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import OUTCOME, Cohort, Target
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.incidence import Incidence
from riskstrat.records.omission import unless_omitted
from riskstrat.records.pilot import PilotDesign, PilotEvaluation
from riskstrat.records.plan import Plan
from riskstrat.records.study import Study
from riskstrat.records.transport import Transport
from riskstrat.records.validation import Validation

AFTER = "accuracy_after_choosing"
Record = Target | Validation | AreaEstimates | Incidence | Plan | Transport | PilotDesign | PilotEvaluation | FollowUp


@checked
def publish(
    study: Study,
    disclosure: Disclosure | None = None,
    *,
    comparators: pl.DataFrame | None = None,
    elsewhere: Sequence[Transport] = (),
) -> Published:
    """Release all tables of a study together: the only way from results to reports, exports and MLflow.

    Parameters
    ----------
    study
        What `riskstrat.run` returned.
    disclosure
        The rule; by default the study's own (``study.settings.disclosure``).
    comparators
        Published figures of the county, the nation or similar municipalities, to be shown beside: ``who``,
        ``indicator``, ``year``, ``value``, ``source``, and where known ``lower``, ``upper``, ``unit``. Of the indicator
        that has the condition's name, values are shares with the outcome within the horizon.
    elsewhere
        What `riskstrat.study.transport` found of the study's model in other places: shown with it.

    Returns
    -------
    Published
        Released tables, and facts that concern no person.

    Raises
    ------
    UsageError
        If `comparators` cannot be shown; everything that is wrong with it. If `elsewhere` is of another model.
    DisclosureError
        If a table cannot be judged; or if the study was computed from exact counts (``protection="none"``) and the rule
        protects: tables could be protected, results about areas not.

    Examples
    --------
    >>> publish(study).disclosure.min_count
    5
    """
    rule = disclosure or study.settings.disclosure
    if study.settings.disclosure.is_working_material and not rule.is_working_material:
        raise DisclosureError(_COMPUTED_FROM_EXACT)
    source, keyed = study.source, _keyed(study.noise)
    facts = Facts(
        condition=study.condition,
        as_of=study.as_of,
        version=study.model.provenance.version,
        budget_sek=study.settings.budget_sek,
        strata=study.settings.strata,
        levels=() if study.area_results is None else tuple(one.level for one in study.area_results.levels),
        scenario=study.settings.plan_of(programmes) if (programmes := study.condition.programmes) else None,
        scenarios=study.settings.scenarios,
        digest=keyed(study.digest),
        model_digest=keyed(study.model.digest),
        partition=study.partition,
        secret=secret_name(study.noise),
        chosen=study.model.candidate.estimator,
        missing=study.model.estimator.missing_way,
        of_time=study.model.estimator.learns_from_followed,
        recalibration=study.settings.recalibration,
        smoothing=study.settings.smoothing,
        omissions=study.omissions,
        notes=study.notes,
        source=SourceFacts(
            name=source.name,
            fingerprint=keyed(source.fingerprint),
            data_end=source.data_end,
            invented=source.invented,
            geometry=source.geometry,
        ),
    )
    noise = noise_of(rule, study.noise)
    given = {} if comparators is None else {"comparators": comparators_table(comparators, study.condition.name)}
    others = elsewhere_tables(elsewhere, study.model.provenance, (source.fingerprint, facts.source.fingerprint), noise)
    return publish_tables(facts, {**study_tables(study, noise), **given, **others}, rule, noise)


_COMPUTED_FROM_EXACT = Problem(
    "a study that was computed from exact counts",
    "one whose results about areas come from protected counts",
    'run it with Settings(protection="noise"), or publish it as working material',
)


def _keyed(noise: CellNoise | None) -> Callable[[str], str]:
    """Digest under the secret what names data, so that nobody can try what they were; as it is where there is none."""
    return (lambda digest: digest) if noise is None else noise.digest


def publish_tables(
    facts: Facts, tables: Mapping[str, Table], disclosure: Disclosure, noise: CellNoise | None
) -> Published:
    """Release all tables of a study together and bring them beside its facts."""
    released = MappingProxyType(release(tables, disclosure, noise))
    return Published(**vars(facts), tables=released, disclosure=disclosure, token=TOKEN)


def release_record(record: Record, disclosure: Disclosure | None = None) -> dict[str, Released]:
    """Release the tables of a single record together, by default under the rule that it carries."""
    rule = disclosure or record.disclosure
    noise = noise_of(rule)
    return release(record_tables(record, noise), rule, noise)


@checked
def table_one(
    cohort: Target,
    X: pl.DataFrame | None = None,
    *,
    by: str | None = None,
    labels: Mapping[str, LocalisedText] | None = None,
    disclosure: Disclosure | None = None,
    provider: str = CARE_CENTRE,
) -> TableOne:
    """Describe who is in a cohort, as the first table of an article does (STROBE, item 14).

    Of a cohort whose landmarks lie closer than its horizon, the index dates that are counted are described
    (`Cohort.is_counted`). Groups stand alone, without a column of everybody: beside them it would give away what is
    withheld in one.

    Parameters
    ----------
    cohort
        Whose people are described: age, sex, region of birth and, where they were followed, how that ended.
    X
        Features in the order of the cohort's rows: what is only 0 or 1 is counted, the rest is averaged.
    by
        A column of `cohort.people`, such as ``"sex"`` or ``"landmark"``; everybody is one group without it.
    labels
        What columns are called, by column: ``condition.labels``.
    disclosure
        The rule; by default the cohort's own.
    provider
        The column of `cohort.people` that says who provides (a nursing home, a school): a number whose sum one or two
        of them dominate is not described.

    Returns
    -------
    TableOne
        Released. Means (of values held within the 5th and the 95th percentile), quartiles and levels need 20 persons
        with a value. Levels that fewer persons have are put together as ``other``. Where more than 90 % of a group have
        a level that is not the commonest of all, its levels are withheld.

    Raises
    ------
    UsageError
        If there is no such column (`by`, `provider`), or X has other rows than the cohort.
    DisclosureError
        If the groups are persons or families one by one.

    Examples
    --------
    >>> table_one(study.target).levels.frame["variable"].unique().sort().to_list()
    ['birth_region', 'sex']
    """
    rule = disclosure or cohort.disclosure
    noise = noise_of(rule)
    tables = characteristic_tables(cohort, X, by=by, labels=labels or {}, rule=rule, noise=noise, provider=provider)
    return TableOne(**release(tables, rule, noise))


def record_tables(record: Record, noise: CellNoise | None) -> dict[str, Table]:
    """All that may be asked to be shown of a single record, each column with its role."""
    if isinstance(record, Target):
        return {"flow": of_cohort.flow_of(record, noise)}
    if isinstance(record, Validation):
        return validation_tables(record, noise)
    if isinstance(record, Incidence):
        return incidence_tables(record, noise)
    if isinstance(record, Transport):
        return transport_tables(record, noise)
    if isinstance(record, AreaEstimates):
        return _estimates(record)
    return _from_protected(record.protected, _tables_of_decisions(record))


def _tables_of_decisions(record: Plan | PilotDesign | PilotEvaluation | FollowUp) -> dict[str, Table]:
    if isinstance(record, Plan):
        return plan_tables(record)
    return follow_up_tables(record) if isinstance(record, FollowUp) else pilot_tables(record)


def study_tables(study: Study, noise: CellNoise | None = None) -> dict[str, Table]:
    """All that a study may ask to show, each column with its role; metrics are of counts with this noise."""
    persons = study.cohort.counted.people["person_id"].n_unique()
    return {
        "flow": of_cohort.flow_of(study.cohort, noise),
        "target_flow": of_cohort.flow_of(study.target, noise),
        "choice": _choice(study.scores, study.cohort.direct, noise),
        "sample_size": _public(study.evaluation.sample_size.with_columns(pl.col("needed").cast(float)), "criterion"),
        "missingness": missingness_table(study.evaluation.missingness, noise),
        "splits": _public(study.evaluation.splits, "split"),
        "partition": _public(
            study.partition.areas.with_columns(across_parents=pl.col("unit").is_in(study.partition.crossing)), "area_id"
        ),
        "coverage": _public(study.source.coverage, "register"),
        "refused": Table(study.source.refused, dimensions=("table", "rule"), counts=("rows",)),
        "omissions": of_cohort.omissions(study.omissions),
        **tables_of_checks(study.checks, noise),
        **tables_of_checks(study.evaluation.outcome_checks, noise, outcome_tables),
        **_everybody(study),
        **({} if study.interpretation is None else interpretation_tables(study.interpretation, persons)),
        **({} if study.incidence is None else incidence_tables(study.incidence, noise)),
        **({} if study.area_results is None else _area_tables(study, study.area_results, noise)),
        **{
            f"indicator_{followed.indicator.name}_{name}": table
            for followed in study.follow_up
            for name, table in _from_protected(followed.protected, follow_up_tables(followed)).items()
        },
        **_plans(
            {"plan": study.plan, "strata": study.strata_plan, "groups": study.group_plan},
            None if study.area_results is None else study.area_results.depends_on,
        ),
        **_scenarios(study),
        **_ahead(study),
    }


def _choice(scores: pl.DataFrame, cohort: Cohort, noise: CellNoise | None) -> Table:
    """Scores of the candidates by their kind, numbered where several are of one: parameters stay inside.

    With noise, all errors are multiplied by protected over counted outcomes, so that their order stays, and so are
    differences of accuracy.
    """
    had = cohort.people.filter(event=OUTCOME)["person_id"]
    if noise is not None:
        key = person_keys(had).sum(keepdims=True)
        moved = (
            cohort.counted_outcomes().together(noise).part(len(had), key[0]).added + noise.around_zero(key, "scores")[0]
        )
        factor = 1 + moved / len(had)
        scores = scores.with_columns(
            pl.col("brier", "^difference.*$") * factor,
            (1 - (1 - pl.col("prediction_accuracy", AFTER)) * factor).name.keep(),
        )
    kind = pl.col("name").map_elements(lambda label: Candidate.parse(label).estimator, return_dtype=pl.String)
    nth = pl.int_range(1, pl.len() + 1).over("name")
    numbered = pl.when(pl.len().over("name") > 1).then(pl.format("{} {}", "name", nth)).otherwise("name")
    shown = scores.with_columns(kind).with_columns(numbered.alias("name"))
    return _public(shown, "name")


def _public(frame: pl.DataFrame, dimension: str) -> Table:
    named = [name for name in frame.columns if name != dimension]
    numbers = frame.select(pl.selectors.float()).columns
    return Table(frame, dimensions=(dimension,), public=named, digits=dict.fromkeys(numbers, Figures(2)))


def _everybody(study: Study) -> dict[str, Table]:
    cohort = study.cohort.counted
    return _present(
        total=of_cohort.total(study.target, study.target_risk, cohort, study.noise),
        risk_strata=risk_strata(study.target, study.target_risk, study.noise),
        assessed=of_cohort.assessed(cohort),
    )


def _from_protected(protected: bool, tables: Mapping[str, Table]) -> dict[str, Table]:
    """Say of tables made from protected counts that they are: what follows from these counts is never withheld.

    A count that is shown still is where it is small. Sums of counts with noise do not hold.
    """
    if not protected:
        return dict(tables)
    return {
        name: replace(
            table,
            protected=table.whole_counts,
            derived={},
            public=(*table.public, *table.derived),
            sums=(),
        )
        for name, table in tables.items()
    }


def _area_tables(study: Study, results: AreaResults, noise: CellNoise | None) -> dict[str, Table]:
    areas, unequal, without = results.estimates, unless_omitted(results.inequality), results.sensitivities
    moved, names = results.trends, study.source.area_names
    stability = None if study.interpretation is None else study.interpretation.stability
    found = _present(
        periods=of_areas.periods(areas, study.cohort.counted, study.noise),
        left_out=of_areas.left_out(areas),
        factors=of_areas.factors(study.explanation, study.target, areas, study.noise),
        quintiles=None if study.plan is None else quintiles(areas, study.plan),
        reasons=of_areas.reasons(results.reasons, areas),
        reason_stability=None if stability is None else of_areas.stability(stability, areas),
        inequality=None if unequal is None else of_areas.inequality(unequal, areas),
        concentration=None if results.concentration is None else of_areas.concentration(results.concentration, areas),
        **{f"sensitivity_{name}": of_areas.sensitivity(one.areas, areas) for name, one in without.items()},
        inequality_change=None
        if results.inequality_change is None
        else of_areas.inequality_change(results.inequality_change, areas),
        trends=None if moved is None else of_areas.trends(moved, areas, names),
        # Sums of areas would tell what is withheld of one.
        **({} if study.settings.protection == "suppression" else group_tables(results)),
    )
    beside = [frame for frame in (results.care_use, results.depends_on) if frame is not None]
    checks = {f"metrics_without_{name}": metrics(protected(one.check, noise), noise) for name, one in without.items()}
    return {**_estimates(areas, names, *beside), **_from_protected(areas.protected, found), **checks}


def _estimates(areas: AreaEstimates, names: pl.DataFrame | None = None, *beside: pl.DataFrame) -> dict[str, Table]:
    found = _present(
        areas=of_areas.areas_table(areas, names, *beside),
        total=of_areas.total(areas),
        landmarks=of_areas.landmarks(areas),
        drift=of_areas.drift(areas),
        fit=of_areas.fit(areas, names),
        unmeasured=of_areas.unmeasured(areas, names),
    )
    return _from_protected(areas.protected, found)


def _plans(plans: Mapping[str, Plan | None], marks: pl.DataFrame | None) -> dict[str, Table]:
    return {
        f"{prefix}_{name}": table
        for prefix, plan in plans.items()
        if plan is not None
        for name, table in _from_protected(plan.protected, plan_tables(plan, marks)).items()
    }


def _scenarios(study: Study) -> dict[str, Table]:
    if not study.condition.programmes:
        return {}
    asked = [study.settings.plan_of(study.condition.programmes), *study.settings.scenarios]
    assumed, beside = {"plan_assumptions": assumptions_table(asked)}, study.scenarios
    if beside is None:
        return assumed
    return assumed | _from_protected(beside.first.protected, {"plan_scenarios": scenario_table(beside)})


def _ahead(study: Study) -> dict[str, Table]:
    if study.projection is None or study.areas is None:
        return {}
    tables = projection_tables(study.projection, study.areas.counted)
    growth = tables.pop("growth")
    named = {"projection": tables["areas"], "projection_total": tables["total"]}
    return {**_from_protected(study.projection.protected, named), "projection_growth": growth}


def _present(**tables: Table | None) -> dict[str, Table]:
    return {name: table for name, table in tables.items() if table is not None}
