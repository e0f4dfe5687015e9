from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.validation import area_folds, overlap, person_folds, temporal_split


def landmarks(seed: int = 0, n: int = 400) -> pl.DataFrame:
    """People at up to three landmarks who sometimes move, in families of up to three."""
    random = np.random.default_rng(seed)
    family = np.repeat(np.arange(n), random.integers(1, 4, n))[:n]
    rows = [
        {
            "person_id": person,
            "family_id": int(family[person]),
            "landmark": landmark,
            "index_date": date(2018 + 2 * landmark, 1, 1),
            "area_id": str(random.choice([*"abcdefgh"])),
        }
        for person in range(n)
        for landmark in range(3)
        if random.random() < 0.8
    ]
    return pl.DataFrame(rows)


def test_person_folds_test_every_row_once() -> None:
    people = landmarks()
    split = person_folds(people, k=4, seed=1)
    assert np.sort(np.concatenate(split.test)).tolist() == list(range(people.height))
    for train, test in zip(split.train, split.test, strict=True):
        assert len(train) + len(test) == people.height
    shared = overlap(split, people)
    assert shared["shared_persons"].sum() == shared["shared_families"].sum() == 0


def test_area_folds_share_no_area_person_or_family() -> None:
    people = landmarks()
    split = area_folds(people, k=4, seed=1)
    assert np.sort(np.concatenate(split.test)).tolist() == list(range(people.height))
    assert (
        overlap(split, people)
        .select(pl.sum_horizontal("shared_persons", "shared_families", "shared_areas"))
        .sum()
        .item()
        == 0
    )
    sizes = [len(test) for test in split.test]
    assert max(sizes) < 1.6 * min(sizes)
    # Nothing more is left out than has to be: who is in neither side belongs to a tested family.
    family = people["family_id"].to_numpy()
    for train, test in zip(split.train, split.test, strict=True):
        left_out = np.setdiff1d(np.arange(people.height), np.concatenate([train, test]))
        assert np.isin(family[left_out], family[test]).all()


def test_seeds_change_the_clusters() -> None:
    people = landmarks()
    clusters = [area_folds(people, k=4, seed=seed).test[0].tolist() for seed in range(4)]
    assert any(cluster != clusters[0] for cluster in clusters[1:])


def test_temporal_split_leaves_a_gap_of_one_horizon() -> None:
    people = landmarks()
    split = temporal_split(people, 1461, k=3)
    assert split.possible
    tested = people[np.concatenate(split.test).tolist()]
    assert tested["landmark"].unique().to_list() == [2]
    assert tested.height == people.filter(landmark=2).height
    for train in split.train:
        assert people[train.tolist()]["landmark"].unique().to_list() == [0]
    shared = overlap(split, people)
    assert shared["shared_persons"].sum() == shared["shared_families"].sum() == 0
    assert "1461" in split.note


def test_a_gap_of_one_day_less_is_enough_and_one_more_is_not() -> None:
    people = landmarks()
    days = (date(2022, 1, 1) - date(2018, 1, 1)).days
    assert temporal_split(people, days, k=2).possible
    impossible = temporal_split(people, days + 1, k=2)
    assert not impossible.possible
    assert impossible.note == f"No temporal test: no index date lies {days + 1} days or more before the last landmark."
    assert overlap(impossible, people).is_empty()


def test_overlap_finds_a_leak() -> None:
    people = landmarks()
    split = person_folds(people, k=2)
    leaking = type(split)(name="leak", train=split.test, test=split.test, note="")
    assert overlap(leaking, people)["shared_persons"].min() > 0


@pytest.mark.parametrize("splitter", [person_folds, area_folds])
def test_without_families_persons_are_kept_together(splitter: object) -> None:
    people = landmarks().drop("family_id")
    shared = overlap(splitter(people, k=3), people)  # type: ignore[operator]
    assert shared["shared_persons"].sum() == 0
