"""A made-up municipality with known truth, or a county: registers to develop and test on."""

from riskstrat.synthetic.county import write_county
from riskstrat.synthetic.municipality import Municipality, municipality, read_truth, write_municipality
from riskstrat.synthetic.truth import Truth, true_risk

__all__ = ["municipality", "write_municipality", "write_county", "Municipality", "Truth", "true_risk", "read_truth"]
