"""What a notebook shows of a record: a released table and the rule, or a chart of released numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType

from riskstrat.disclosure import Disclosure, Released
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.figures import (
    Figure,
    Language,
    area_intervals,
    calibration,
    change,
    comparisons,
    concentration,
    flow_chart,
    funnel,
    incidence_curves,
    map_certainty,
    map_classes,
    map_level,
    net_benefit,
    people_and_cases,
    plan_curve,
    risk_strata,
    trend_panels,
)
from riskstrat.figures.tables import released_html
from riskstrat.publication.characteristics import TableOne
from riskstrat.publication.composition import Record, publish, release_record
from riskstrat.publication.findings import publish_findings
from riskstrat.publication.published import Published
from riskstrat.records.findings import Findings
from riskstrat.records.study import Study

Displayed = Study | Published | Released | TableOne | Findings | Record

_TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Target": ("Target population", "flow"),
        "Cohort": ("Cohort", "flow"),
        "Validation": ("Validation", "metrics"),
        "AreaEstimates": ("Areas", "areas"),
        "Plan": ("Plan", "selected"),
        "Incidence": ("Cumulative incidence", "cumulative_incidence"),
        "FollowUp": ("Follow-up", "measured"),
        "PilotDesign": ("Pilot", "units"),
        "PilotEvaluation": ("Pilot", "effect"),
        "Transport": ("A model in a new place", "inputs"),
    }
)
EXACT = (
    "Working material (arbetsmaterial): computed from exact counts, not for distribution. "
    "With noise=CellNoise(...), as in a study, results come from protected counts."
)
_OF_STUDY: Mapping[str, str] = MappingProxyType(
    {"flow": "Cohort", "metrics_person": "Validation", "areas": "Areas", "plan_selected": "Plan"}
)
_CHARTS: Mapping[str, tuple[str, Callable[[Released, Language], Figure]]] = MappingProxyType(
    {
        "Target": ("flow", flow_chart),
        "Cohort": ("flow", flow_chart),
        "Validation": ("calibration", calibration),
        "AreaEstimates": ("areas", area_intervals),
        "Plan": ("comparisons", comparisons),
        "Incidence": ("cumulative_incidence", incidence_curves),
    }
)

_PUBLISHED_CHARTS: Mapping[str, tuple[str, Callable[[Released, Language], Figure]]] = MappingProxyType(
    {
        "flow": ("flow", flow_chart),
        "calibration": ("calibration_person", calibration),
        "net_benefit": ("net_benefit_person", net_benefit),
        "cumulative_incidence": ("cumulative_incidence", incidence_curves),
        "areas": ("areas", area_intervals),
        "funnel": ("areas", funnel),
        "change": ("periods", change),
        "trends": ("trends", trend_panels),
        "concentration": ("concentration", concentration),
        "risk_strata": ("risk_strata", risk_strata),
        "people_and_cases": ("people_groups", people_and_cases),
        "comparisons": ("plan_comparisons", comparisons),
    }
)
_MAPS: Mapping[str, Callable[[Released, str, Language], Figure]] = MappingProxyType(
    {"map_classes": map_classes, "map_level": map_level, "map_certainty": map_certainty}
)


@checked
def display(shown: Displayed, disclosure: Disclosure | None = None) -> str:
    """Show a study or one of its records as HTML: released tables and the rule in words.

    Parameters
    ----------
    shown
        A study, published results, one of their tables, table one, what `riskstrat.check` found, a cohort, target
        population, validation, area estimates or a plan.
    disclosure
        The rule; by default the one that the study or record carries. What was released already stays as it is.

    Returns
    -------
    str
        HTML without a row about a person or a count that the rule withholds.

    Raises
    ------
    DisclosureError
        If a table cannot be judged.
    MissingExtraError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> "Counts from 0 to 4 are withheld" in display(study.cohort)
    True
    """
    if isinstance(shown, TableOne):
        return f"{shown.html('en')}<p>{shown.levels.rule['en']}</p>"
    if isinstance(shown, Study | Published):
        tables = (shown if isinstance(shown, Published) else publish(shown, disclosure)).tables
        return released_html({title: tables[name] for name, title in _OF_STUDY.items() if name in tables})
    if isinstance(shown, Findings):
        return f"<pre>{escape(str(publish_findings(shown, disclosure)))}</pre>"
    if isinstance(shown, Released):
        return released_html({"": shown})
    title, name = _TITLES[type(shown).__name__]
    table = released_html({title: release_record(shown, disclosure)[name]})
    return table if getattr(shown, "protected", True) else f"<p>{EXACT}</p>{table}"


@checked
def draw(record: Record, language: Language = "sv", disclosure: Disclosure | None = None) -> Figure:
    """Draw a record from its released numbers.

    Parameters
    ----------
    record
        A cohort or target population (flow chart, STROBE item 13c), a validation (observed against predicted risk),
        area estimates (relative risks with intervals), incidence (by time since the index date) or a plan (averted
        cases for one budget spent in different ways).
    language
        ``"sv"`` or ``"en"``.
    disclosure
        The rule; by default the one that the record carries.

    Returns
    -------
    Figure
        Jupyter shows it as a picture with its alternative text; no network is needed.

    Raises
    ------
    UsageError
        If there is no chart of such a value.
    MissingExtraError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> draw(study.performance, "en").language
    'en'
    """
    kind = type(record).__name__
    if kind not in _CHARTS:
        raise UsageError(Problem(f"a {kind}", f"one of {', '.join(_CHARTS)}", "draw one of its parts"))
    name, chart = _CHARTS[kind]
    return chart(release_record(record, disclosure)[name], language)


@checked
def figures_of(published: Published, language: Language = "sv") -> dict[str, Figure]:
    """Draw what was published.

    Parameters
    ----------
    published
        What `publish` returned.
    language
        ``"sv"`` or ``"en"``.

    Returns
    -------
    dict of Figure
        By name, those whose tables there are: ``flow``, ``calibration``, ``net_benefit``, ``cumulative_incidence``,
        ``areas`` (intervals), ``funnel``, ``change``, ``trends``, ``concentration``, ``risk_strata``,
        ``people_and_cases``, ``comparisons``, ``curve`` (of the budget) and, where outlines are known, ``map_classes``,
        ``map_level`` and ``map_certainty``.
        `riskstrat.figures` has those of a single area or feature (`waterfall`, `reasons_bars`, `dependence_curve`).

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> [name for name in figures_of(publish(study)) if name.startswith("map")]
    ['map_classes', 'map_level', 'map_certainty']
    """
    tables, geometry = published.tables, published.source.geometry
    found = {name: draws(tables[of], language) for name, (of, draws) in _PUBLISHED_CHARTS.items() if of in tables}
    if "plan_curve" in tables:
        found["curve"] = plan_curve(tables["plan_curve"], published.budget_sek, language)
    if geometry is not None and "areas" in tables:
        found |= {name: draws(tables["areas"], geometry, language) for name, draws in _MAPS.items()}
    return found
