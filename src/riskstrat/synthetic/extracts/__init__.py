"""Clean registers written as Swedish agencies deliver them."""

from riskstrat.synthetic.extracts.clean import clean_tables
from riskstrat.synthetic.extracts.people import choose_people
from riskstrat.synthetic.extracts.readme import LOSSES
from riskstrat.synthetic.extracts.writing import COMMAND, write_extracts

__all__ = ["COMMAND", "LOSSES", "choose_people", "clean_tables", "write_extracts"]
