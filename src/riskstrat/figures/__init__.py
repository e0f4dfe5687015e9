"""Charts and tables of released frames, in one theme and two languages; libraries load when a chart is drawn."""

from riskstrat.figures.areas import area_intervals, change, concentration, quintiles, reasons_bars
from riskstrat.figures.checks import calibration, subgroups
from riskstrat.figures.classes import CLASSES, NUMBER, counted, with_class
from riskstrat.figures.decisions import funnel, net_benefit
from riskstrat.figures.figure import Figure
from riskstrat.figures.flow import flow_chart
from riskstrat.figures.incidence import MOST_CURVES, incidence_curves
from riskstrat.figures.interpretation import dependence_curve, ratio_forest
from riskstrat.figures.maps import CHOSEN_COLOURS, map_certainty, map_chosen, map_classes, map_level
from riskstrat.figures.messages import MessageCatalogue, load_messages
from riskstrat.figures.numbers import Language, Numbers
from riskstrat.figures.one_area import waterfall
from riskstrat.figures.plans import comparisons, people_and_cases, plan_curve, risk_strata, scenarios
from riskstrat.figures.projection import years_ahead
from riskstrat.figures.reasons import Reasons
from riskstrat.figures.theme import PATTERNS
from riskstrat.figures.trend_panels import trend_panels

__all__ = [
    "CHOSEN_COLOURS",
    "CLASSES",
    "Figure",
    "Language",
    "MOST_CURVES",
    "MessageCatalogue",
    "NUMBER",
    "Numbers",
    "PATTERNS",
    "Reasons",
    "area_intervals",
    "calibration",
    "change",
    "comparisons",
    "concentration",
    "counted",
    "dependence_curve",
    "flow_chart",
    "funnel",
    "incidence_curves",
    "load_messages",
    "map_certainty",
    "map_chosen",
    "map_classes",
    "map_level",
    "net_benefit",
    "people_and_cases",
    "plan_curve",
    "quintiles",
    "ratio_forest",
    "reasons_bars",
    "risk_strata",
    "scenarios",
    "subgroups",
    "trend_panels",
    "waterfall",
    "with_class",
    "years_ahead",
]
