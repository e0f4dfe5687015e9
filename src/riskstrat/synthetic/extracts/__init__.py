"""Clean registers written as Swedish agencies deliver them, with every fault that real deliveries have."""

from riskstrat.synthetic.extracts.clean import CARRIED_LOSSES, carried, clean_tables
from riskstrat.synthetic.extracts.people import choose_people
from riskstrat.synthetic.extracts.planting import Fault
from riskstrat.synthetic.extracts.writing import FAULTS, write_extracts

__all__ = ["CARRIED_LOSSES", "FAULTS", "Fault", "carried", "choose_people", "clean_tables", "write_extracts"]
