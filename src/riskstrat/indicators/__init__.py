"""Follow-up: indicators and registers, tables or a plan in; what was, is and would be expected without action, out.

`follow` measures and expects, `save_follow_up` and `read_follow_up` keep it, `compare` holds next year against it.
"""

from riskstrat.indicators.files import compare, expectations, read_follow_up, save_follow_up
from riskstrat.indicators.following import follow

__all__ = ["compare", "expectations", "follow", "read_follow_up", "save_follow_up"]
