"""A study as one self-contained HTML file in Swedish or English; only released values are read."""

from riskstrat.reports.page import page_of
from riskstrat.reports.writing import REPORT_MARK, write_report

__all__ = ["REPORT_MARK", "page_of", "write_report"]
