"""Fitted models and studies to and from disk; what is written is a release, and nothing that is read is run."""

from riskstrat.artefacts.model_folder import load_model, save_model
from riskstrat.artefacts.stored_model import StoredModel
from riskstrat.artefacts.study_folder import SavedStudy, open_study, save
from riskstrat.records.scores import Scores

__all__ = ["SavedStudy", "Scores", "StoredModel", "load_model", "open_study", "save", "save_model"]
