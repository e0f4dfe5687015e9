"""The one composition: a condition, registers and a date in, a whole `Study` out.

Every stage takes plain values and knows nothing of the others; the order in which they are called is here.
"""

from riskstrat.study.composition import run

__all__ = ["run"]
