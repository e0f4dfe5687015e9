"""A made-up municipality with known truth: registers to develop and test on, and what really holds in them."""

from riskstrat.synthetic.municipality import Municipality, municipality, read_truth, write_municipality
from riskstrat.synthetic.truth import Truth, true_risk

__all__ = ["municipality", "write_municipality", "Municipality", "Truth", "true_risk", "read_truth"]
