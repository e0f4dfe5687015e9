"""A model that was fitted elsewhere, or earlier, tested on the people of another place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import Disclosure
from riskstrat.records.model import FittedModel
from riskstrat.records.validation import Validation


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Transport:
    """What a model is worth in a new place, and what must change there.

    Attributes
    ----------
    model
        The model with the recalibration that the new place asks for, and where that came from (`RiskModel.moved_to`).
    recommendation
        ``none``, ``in_the_large``, ``slope`` or ``isotonic``: how much of the calibration was changed; ``refit`` where
        even then the model is not shown to be better than age and sex fitted in the new place.
    tests
        Frame of kind, statistic, degrees_of_freedom, p_value: the tests behind the choice.
    inputs
        Frame of `riskstrat.validation.input_drift`: the features, the most moved first.
    as_it_is, recalibrated
        Validations in the new place, beside age and sex fitted there: of the model's risks as they come, and after
        recalibration by people in other folds.
    disclosure
        The rule of the new place's study.
    """

    model: FittedModel
    recommendation: str
    tests: pl.DataFrame = field(repr=False)
    inputs: pl.DataFrame = field(repr=False)
    as_it_is: Validation
    recalibrated: Validation
    disclosure: Disclosure = field(default_factory=Disclosure)

    @property
    def sentence(self) -> LocalisedText:
        """What to do with the model in the new place, in one sentence."""
        return SENTENCES[self.recommendation]

    def __repr__(self) -> str:
        return f"Transport({self.model!r}, recommendation {self.recommendation})"


SENTENCES: Final[Mapping[str, LocalisedText]] = {
    "none": LocalisedText(
        en="The model's risks agree with what happened in the new place; nothing has to change.",
        sv="Modellens risker stämmer med utfallen på den nya platsen; inget behöver ändras.",
    ),
    "in_the_large": LocalisedText(
        en="The model ranks people well enough, but its risks are at another level: their level was moved.",
        sv="Modellen rangordnar tillräckligt väl, men riskerna ligger på en annan nivå: nivån har flyttats.",
    ),
    "slope": LocalisedText(
        en="The model's risks differ too much or too little between people: level and slope were moved.",
        sv="Modellens risker skiljer för mycket eller för lite mellan personer: nivå och lutning har justerats.",
    ),
    "isotonic": LocalisedText(
        en="The model's risks are off by different amounts at different levels: they now follow a curve.",
        sv="Modellens risker avviker olika mycket på olika nivåer: de följer nu en kurva.",
    ),
    "refit": LocalisedText(
        en="The model is not shown to be better here than age and sex alone: fit it anew to people of the new place.",
        sv="Det är inte visat att modellen här är bättre än enbart ålder och kön: anpassa den på nytt till den nya "
        "platsens personer.",
    ),
}
