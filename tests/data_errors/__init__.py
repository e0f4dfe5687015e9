"""Extracts with the data errors of real deliveries, for the tests of intake.

``PYTHONPATH=tests python -m data_errors REGISTERS OUT [PEOPLE] [SEED]`` writes them; ``data_samples/raw`` was made so.
"""

from data_errors.expected import carried
from data_errors.planting import Fault
from data_errors.writing import FAULTS, write_faulty_extracts

__all__ = ["FAULTS", "Fault", "carried", "write_faulty_extracts"]
