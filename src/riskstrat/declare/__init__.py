"""The declarations in which an epidemiologist writes a condition.

In: what is written in a condition's file. Out: frozen, comparable, hashable records that print to JSON and back.
"""

from riskstrat.declare.base import Declaration, Language, LocalisedText
from riskstrat.declare.benchmarks import FeatureScore, PublishedScore, Score2
from riskstrat.declare.candidates import Candidate
from riskstrat.declare.checks import OutcomeCheck, Sensitivity
from riskstrat.declare.condition import Condition, Example, Row, Wording
from riskstrat.declare.features import (
    Age,
    AreaFact,
    BirthRegion,
    Count,
    DaysSince,
    DistinctCodes,
    Duration,
    Earliest,
    EventFeature,
    Ever,
    Feature,
    GrowthZ,
    Latest,
    Maximum,
    Mean,
    Minimum,
    PersonFeature,
    Score,
    Sex,
    Slope,
    Total,
    expanded,
)
from riskstrat.declare.index import AtAge, AtBirth, AtEvent, BeforeDeath, Every, IndexKind, OnDate
from riskstrat.declare.indicators import (
    CountedIndicator,
    Indicator,
    NetCostIndicator,
    RegisterIndicator,
    SlopeIndicator,
    TableIndicator,
)
from riskstrat.declare.levels import Level
from riskstrat.declare.outcomes import (
    AllCauseDeath,
    AnyOf,
    Death,
    DeathFrom,
    EventOutcome,
    FirstEvent,
    NthEvent,
    OutcomeKind,
    RegisterOutcome,
)
from riskstrat.declare.pilot import PilotRule, ProcessOutcome
from riskstrat.declare.population import Excluding, Including, Population
from riskstrat.declare.programme import Action, Assumption, Programme, Scenario
from riskstrat.declare.settings import Settings
from riskstrat.declare.subgroups import Subgroup
from riskstrat.declare.thresholds import MeasuredAbove, ScoreReaches
from riskstrat.declare.view import Rule, View
from riskstrat.declare.windows import AnchoredWindow, BetweenAges, Since, SinceFirst

__all__ = [
    "Action",
    "Age",
    "AnchoredWindow",
    "AllCauseDeath",
    "AnyOf",
    "AreaFact",
    "Assumption",
    "AtAge",
    "AtBirth",
    "AtEvent",
    "BeforeDeath",
    "BetweenAges",
    "BirthRegion",
    "Candidate",
    "Condition",
    "Count",
    "CountedIndicator",
    "DaysSince",
    "Death",
    "DeathFrom",
    "Declaration",
    "DistinctCodes",
    "Duration",
    "Earliest",
    "EventFeature",
    "EventOutcome",
    "Ever",
    "Every",
    "Example",
    "Excluding",
    "Feature",
    "FeatureScore",
    "FirstEvent",
    "GrowthZ",
    "Including",
    "IndexKind",
    "Indicator",
    "Language",
    "Latest",
    "Maximum",
    "Mean",
    "MeasuredAbove",
    "Minimum",
    "NetCostIndicator",
    "NthEvent",
    "OnDate",
    "OutcomeCheck",
    "OutcomeKind",
    "PersonFeature",
    "PilotRule",
    "Population",
    "ProcessOutcome",
    "Programme",
    "PublishedScore",
    "RegisterIndicator",
    "RegisterOutcome",
    "Row",
    "Rule",
    "Scenario",
    "Score",
    "Score2",
    "ScoreReaches",
    "Sensitivity",
    "Settings",
    "Subgroup",
    "Sex",
    "Since",
    "SinceFirst",
    "Slope",
    "SlopeIndicator",
    "Level",
    "LocalisedText",
    "TableIndicator",
    "Total",
    "View",
    "Wording",
    "expanded",
]
