"""What any growth z-score must do: rise with the measurement, whoever else is in the frame."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.codes import REFERENCES, GrowthReference, growth_z
from riskstrat.codes.growth_curves import daily_curves

Child = tuple[GrowthReference, str, int, list[float]]  # reference, sex, age in days, measurements


@st.composite
def children(draw: st.DrawFn) -> Child:
    reference: GrowthReference = draw(st.sampled_from(REFERENCES))
    curves = daily_curves(reference)
    row = draw(st.integers(0, 2 * curves.days - 1))
    factors = sorted(draw(st.lists(st.floats(0.4, 2.5), min_size=2, max_size=6, unique=True)))
    sex = "female" if row < curves.days else "male"
    return reference, sex, curves.first_day + row % curves.days, [float(curves.m[row]) * factor for factor in factors]


@settings(deadline=None)
@given(child=children())
def test_z_rises_with_the_measurement(child: Child):
    reference, sex, age_days, values = child
    frame = pl.DataFrame({"value": values})
    z = frame.select(growth_z(reference, sex=pl.lit(sex), age_days=pl.lit(age_days), value=pl.col("value"))).to_series()
    assert z.null_count() == 0
    assert z.is_finite().all()
    assert z.is_sorted()


@settings(deadline=None)
@given(child=children())
def test_other_children_do_not_matter(child: Child):
    reference, sex, age_days, values = child
    together = pl.DataFrame({"sex": sex, "age_days": [age_days] * len(values), "value": values})
    crowd = pl.DataFrame({"sex": [None, "male"], "age_days": [-5, 300], "value": [3.0, None]})
    z = growth_z(reference, sex=pl.col("sex"), age_days=pl.col("age_days"), value=pl.col("value"))
    alone = together.select(z).to_series().to_list()
    assert pl.concat([crowd, together]).select(z).to_series().to_list()[2:] == pytest.approx(alone)
