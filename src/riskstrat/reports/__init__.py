"""A study as one self-contained HTML file and as a reporting card, in two languages; only released values are read."""

from riskstrat.reports.checklist import card
from riskstrat.reports.page import page_of
from riskstrat.reports.writing import REPORT_MARK, guard_card, write_card, write_report

__all__ = ["REPORT_MARK", "card", "guard_card", "page_of", "write_card", "write_report"]
