"""Charts and tables of released frames, in one theme and two languages; libraries load when a chart is drawn.

In: what `riskstrat.disclosure.release` let through. Out: altair charts, PNG and HTML tables.
"""

from riskstrat.figures.areas import area_intervals, change, fifths, reasons_bars
from riskstrat.figures.checks import calibration
from riskstrat.figures.classes import CLASSES, with_class
from riskstrat.figures.maps import map_certainty, map_chosen, map_classes, map_level
from riskstrat.figures.numbers import Language, Numbers
from riskstrat.figures.plans import comparisons, plan_curve, pyramid
from riskstrat.figures.tables import released_html, table_html
from riskstrat.figures.theme import FORMATS, png, script, spec
from riskstrat.figures.words import Words, load_words, merge_words

__all__ = [
    "CLASSES",
    "FORMATS",
    "Language",
    "Numbers",
    "Words",
    "area_intervals",
    "calibration",
    "change",
    "comparisons",
    "fifths",
    "load_words",
    "map_certainty",
    "map_chosen",
    "map_classes",
    "map_level",
    "merge_words",
    "plan_curve",
    "png",
    "pyramid",
    "reasons_bars",
    "released_html",
    "script",
    "spec",
    "table_html",
    "with_class",
]
