"""What must hold of declared features whatever they are: JSON, digests and names of columns."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from register_generators import WINDOWS, features
from riskstrat.declare import Condition, EventFeature, Feature, LocalisedText, expanded
from riskstrat.declare.windows import Lookback
from small_registers import MadeUp

several = st.lists(st.sampled_from(WINDOWS), min_size=2, max_size=4, unique=True).map(tuple)


@given(feature=features(), windows=several)
def test_json_comes_back_as_it_was(feature: EventFeature, windows: tuple[Lookback, ...]):
    for one in (feature, replace(feature, within=windows), replace(feature, label=LocalisedText(en="x", sv="å"))):
        back = Feature.from_json(one.to_json())
        assert back == one
        assert back.digest == one.digest
        assert hash(back) == hash(one)


@given(one=features(), other=features())
def test_digests_differ_where_declarations_do(one: EventFeature, other: EventFeature):
    assert (one.digest == other.digest) == (one == other)


@given(one=features(), other=features())
def test_columns_differ_where_what_is_asked_does(one: EventFeature, other: EventFeature):
    asked, also = (replace(feature, label=None, family="area") for feature in (one, other))
    assert (one.column == other.column) == (asked == also)


@given(feature=features(), windows=several)
def test_several_windows_are_as_many_features(feature: EventFeature, windows: tuple[Lookback, ...]):
    asked = expanded([replace(feature, within=windows, label=LocalisedText(en="x", sv="x"))])
    assert [one.within for one in asked] == list(windows)
    assert len({one.column for one in asked}) == len({one.label for one in asked}) == len(windows)
    assert expanded(asked) == asked


@given(feature=features(), windows=several)
def test_a_design_is_the_same_however_its_windows_are_written(
    made_up: MadeUp, feature: EventFeature, windows: tuple[Lookback, ...]
):
    together = design(made_up, replace(feature, within=windows))
    apart = design(made_up, *(replace(feature, within=window) for window in windows))
    assert together == apart
    assert together.digest == apart.digest
    assert Condition.from_json(together.to_json()) == together


def design(made_up: MadeUp, *features: EventFeature) -> Condition:
    return replace(made_up(), features=features)


def test_one_window_is_one_window_however_it_is_written():
    one = {"register": "diagnoses", "codes": "I21"}
    kind = Feature.kinds["Count"]
    assert kind(**one, within=("1y",)) == kind(**one, within="1y")
