"""A model as it was saved, and what it gives for the people of today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import polars as pl

from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import LocalisedText
from riskstrat.errors import ContractError, DesignError, Problem, number_of
from riskstrat.features import build_features
from riskstrat.records.model import AppliedRecalibration, FittedModel, Provenance, digest_of
from riskstrat.records.omission import Omission
from riskstrat.records.scores import Scores
from riskstrat.records.validation import Validation
from riskstrat.registers import Registers
from riskstrat.validation import input_drift, validate


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StoredModel(FittedModel):
    """A model that was read from a folder (`riskstrat.load_model`).

    Attributes
    ----------
    condition, estimator, columns, families, recalibration, summary, target_summary, provenance, moved_to
        As they were in the study (`riskstrat.records.model.FittedModel`).
    kind
        Kind of the estimator.
    digest
        Twelve hexadecimal digits that name the model.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import riskstrat as rs
    >>> with TemporaryDirectory() as folder:
    ...     stored = rs.load_model(rs.save_model(model, Path(folder, "frailty")))
    >>> stored.kind, len(stored.score(registers, date(2024, 1, 1)).risk) > 100
    ('Logistic', True)
    """

    kind: str
    digest: str

    def moved(self, recalibration: AppliedRecalibration, location: Provenance) -> Self:
        """Give the same model with the recalibration that another place asks for, under a digest of its own."""
        named = {"model": self.digest, "moved_to": f"{location.fingerprint} {location.as_of}"}
        return replace(super().moved(recalibration, location), digest=digest_of(named))

    def __repr__(self) -> str:
        columns = number_of(len(self.columns), "column")
        return f"StoredModel({self.condition.name}, {self.kind}, digest {self.digest}, {columns})"

    def score(self, registers: Registers, as_of: date) -> Scores:
        """Predict the risks of who is eligible on a day, by what was known before it.

        Parameters
        ----------
        registers
            What `riskstrat.open_registers` returned, with the tables that the condition reads.
        as_of
            The as-of date.

        Returns
        -------
        Scores
            Persons and risks, in memory, and how far their features lie from those of the people whom the study
            planned for.

        Raises
        ------
        DesignError
            If nobody is eligible.
        ContractError
            If the features that these registers give have other columns than the model.
        UsageError
            If the condition asks for a table that is not there.
        """
        target = target_population(self.condition, registers, as_of)
        X = build_features(self.condition.features, target, registers)
        _check_columns(self.columns, X.columns)
        inputs = input_drift(self.target_summary, X)
        return Scores(model=self.digest, target=target, risk=self.predict_risk(X), inputs=inputs)

    def outcomes(self, registers: Registers, as_of: date) -> Validation | Omission:
        """Compare what the model expected of the last index dates that can be judged with what happened.

        Parameters
        ----------
        registers
            As in `score`.
        as_of
            The as-of date: outcomes that were not known before it do not exist.

        Returns
        -------
        Validation or Omission
            Of the index dates in the last year of those whose horizon is covered: ``observed_expected`` above all. An
            omission where they are too few, or fewer than 10 had, or had not, the outcome.

        Raises
        ------
        ContractError, UsageError
            As in `score`.
        """
        try:
            cohort = build_cohort(self.condition, registers, as_of).direct
            year = pl.col("index_date") > pl.col("index_date").max() - pl.duration(days=365)
            last = replace(cohort, people=cohort.people.filter(year))
            X = build_features(self.condition.features, last, registers)
            _check_columns(self.columns, X.columns)
            return validate(self.predict_risk(X), last)
        except DesignError as few:
            reason = LocalisedText(en=str(few.problems[0].found), sv="För få utfall i den senaste årgången.")
            return Omission(part="outcomes", reason=reason)


def _check_columns(expected: tuple[str, ...], found: list[str]) -> None:
    ContractError.refuse(
        Problem(f"{what}: {', '.join(names)}", "the columns that the model was fitted to", remedy)
        for what, names, remedy in (
            ("columns that X lacks", sorted(set(expected) - set(found)), "give registers with the same tables"),
            ("columns that the model does not know", sorted(set(found) - set(expected)), "fit the model again"),
        )
        if names
    )
