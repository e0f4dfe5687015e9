"""``python -m riskstrat`` is the command ``riskstrat``."""

from riskstrat.cli import main

main()
