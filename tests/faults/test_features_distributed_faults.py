"""What is said when features cannot be distributed: numbers of workers, addresses, deaths, folders."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from riskstrat.errors import ContractError, RiskstratError, UsageError
from riskstrat.features import FeatureTable
from riskstrat.features.dataset import MANIFEST
from riskstrat.features.execution import executor


def test_no_workers_and_both_ways_are_refused():
    with pytest.raises(UsageError, match="0 workers"), executor(0, None):
        pass
    with pytest.raises(UsageError, match="2 workers and a scheduler"), executor(2, "tcp://127.0.0.1:1"):
        pass


def test_something_that_is_no_address_is_told():
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="no scheduler at nowhere://127"), executor(1, "nowhere://127.0.0.1:1"):
        pass


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc that says which process answers")
def test_this_process_answers_too_what_workers_have_no_room_for():
    with executor(2, None) as run:
        who = list(run(os.readlink, ["/proc/self"] * 12))
    assert len(set(who)) == 2
    assert who[0] != str(os.getpid()) in who


def test_answers_come_in_order_whoever_gives_them():
    with executor(3, None) as run:
        assert list(run(math.sqrt, (n * n for n in range(50)))) == list(range(50))


def test_a_worker_that_dies_ends_the_run_with_a_remedy():
    with pytest.raises(RiskstratError, match=r"a worker process ended .* run again"), executor(2, None) as run:
        list(run(os._exit, [3]))


def test_errors_of_a_worker_arrive_as_they_are():
    with pytest.raises(ValueError, match="math domain"), executor(2, None) as run:
        list(run(math.sqrt, [4.0, 2.0, -1.0]))


def test_threads_are_limited_for_the_workers_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    with executor(2, None) as run:
        (there,) = run(os.getenv, ["POLARS_MAX_THREADS"])
    assert there == str(max((os.cpu_count() or 1) // 2, 1))
    assert os.environ["POLARS_MAX_THREADS"] == "7"


def test_a_dataset_that_is_not_finished_is_refused(tmp_path: Path):
    with pytest.raises(ContractError, match=f"no {MANIFEST} in .* run `write_features` again"):
        FeatureTable.at(tmp_path)
    (tmp_path / MANIFEST).write_text('{"rows": 3, "columns": ["a"], "shards": 2, "in_order": true}')
    with pytest.raises(ContractError, match=r"no part-00000.parquet, part-00001.parquet"):
        FeatureTable.at(tmp_path)
