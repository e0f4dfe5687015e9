"""What may be published of results: released tables, figures and displays, composed in one place.

Nothing outside this package calls `release`.
"""

from riskstrat.publication.characteristics import TableOne
from riskstrat.publication.composition import publish, table_one
from riskstrat.publication.display import display, draw, figures_of
from riskstrat.publication.exporting import export
from riskstrat.publication.published import Facts, Published

__all__ = ["Facts", "Published", "TableOne", "display", "draw", "export", "figures_of", "publish", "table_one"]
