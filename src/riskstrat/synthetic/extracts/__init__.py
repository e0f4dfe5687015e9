"""Clean registers written as Swedish agencies deliver them."""

from riskstrat.synthetic.extracts.clean import choose_people, clean_tables
from riskstrat.synthetic.extracts.writing import COMMAND, LOSSES, write_extracts

__all__ = ["COMMAND", "LOSSES", "choose_people", "clean_tables", "write_extracts"]
