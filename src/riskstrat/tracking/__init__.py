"""Published studies as MLflow runs, in a local file or on a server; copies are kept until a run has arrived."""

from riskstrat.tracking.copies import keep, resume
from riskstrat.tracking.store import CHAMPION, DEFAULT_STORE, EXPERIMENT, store_uri, track

__all__ = ["CHAMPION", "DEFAULT_STORE", "EXPERIMENT", "keep", "resume", "store_uri", "track"]
