"""A study whose features and folds are computed by the workers of a cluster is the same study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from polars.testing import assert_frame_equal

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import Candidate, Condition
from riskstrat.errors import UsageError
from riskstrat.numerics.threads import done_elsewhere, side_by_side
from riskstrat.records.study import Study
from riskstrat.registers import Registers, open_registers


def same(found: Study, expected: Study) -> None:
    """See that nothing differs, to the last bit."""
    assert_frame_equal(found.scores, expected.scores, check_exact=True)
    np.testing.assert_array_equal(found.evaluation.risk, expected.evaluation.risk)
    np.testing.assert_array_equal(found.target_risk, expected.target_risk)
    assert found.model.digest == expected.model.digest
    tables = {name: table.frame for name, table in rs.publish(expected).tables.items()}
    released = rs.publish(found).tables
    assert released.keys() == tables.keys()
    for name, frame in tables.items():
        assert_frame_equal(released[name].frame, frame, check_exact=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_study_on_a_cluster_is_the_same(tmp_path: Path, small_municipality: Registers, frailty: Condition):
    distributed = pytest.importorskip("distributed")
    settings = replace(QUICK, candidates=(Candidate("Logistic"), Candidate("Boosting")))
    registers = open_registers(small_municipality.folder)  # type: ignore[attr-defined]
    expected = rs.run(frailty, registers, AS_OF, settings)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        found = rs.run(frailty, registers, AS_OF, settings, scheduler=cluster.scheduler_address)
    same(found, expected)


def test_features_and_folds_are_done_by_whoever_is_named(
    small_municipality: Registers, frailty: Condition, municipality_study: Study
):
    done: list[str] = []

    def told(task: Callable[[object], object], items: Iterable[object]) -> Iterator[object]:
        done.append(str(task))
        return map(task, items)

    with done_elsewhere(told):
        found = rs.run(frailty, small_municipality, AS_OF, QUICK)
    same(found, municipality_study)
    assert any("compute" in each for each in done)
    assert any("_alone" in each for each in done)


def test_outside_of_it_work_is_done_here():
    with done_elsewhere(lambda *_: iter([0])):
        assert side_by_side(abs, [-1]) == [0]
    assert side_by_side(abs, [-1]) == [1]


def test_a_scheduler_that_is_not_there_is_one_sentence(small_municipality: Registers, frailty: Condition):
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="no scheduler at nowhere"):
        rs.run(frailty, small_municipality, AS_OF, QUICK, scheduler="nowhere://1")
