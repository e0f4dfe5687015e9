"""A declared candidate in, the unfitted estimator out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace

from riskstrat.declare import Candidate
from riskstrat.errors import Problem, UsageError, nearest, unknown
from riskstrat.errors.arguments import checked
from riskstrat.estimators.base import RiskEstimator

GIVEN_BY_STUDY = ("horizon_days", "random_state")


@checked
def build(candidate: Candidate, *, horizon_days: float, random_state: int = 0) -> RiskEstimator:
    """Make the estimator that a candidate names.

    Parameters
    ----------
    candidate
        Name of the class and hyper-parameters.
    horizon_days
        Length of the time at risk in days.
    random_state
        Seed, for estimators that draw.

    Returns
    -------
    RiskEstimator
        Unfitted.

    Raises
    ------
    UsageError
        If there is no estimator of this name, or it has not these parameters; all problems at once, with what there
        is; or if it cannot treat what was not observed as its parameter `missing` says.

    Examples
    --------
    >>> build(Candidate("Boosting", max_leaf_nodes=8), horizon_days=365).max_leaf_nodes
    8
    """
    kind = _kind(candidate.estimator)
    parameters = inspect.signature(kind).parameters
    UsageError.refuse(_problems(candidate, parameters))
    of_study = {"horizon_days": horizon_days, "random_state": random_state}
    estimator = kind(
        **dict(candidate.parameters), **{name: value for name, value in of_study.items() if name in parameters}
    )
    estimator.missing_way  # noqa: B018 -- a way that it has not is refused here
    return estimator


def _kind(name: str) -> type[RiskEstimator]:
    if name not in RiskEstimator.kinds:
        problem = unknown("estimator", name, sorted(RiskEstimator.kinds))
        raise UsageError(replace(problem, remedy=f"{problem.remedy}, or load the condition whose file defines it"))
    return RiskEstimator.kinds[name]


def _problems(candidate: Candidate, parameters: Mapping[str, inspect.Parameter]) -> Iterator[Problem]:
    given, own = dict(candidate.parameters), [name for name in parameters if name not in GIVEN_BY_STUDY]
    unknown = [name for name in given if name not in own]
    missing = [name for name in own if parameters[name].default is inspect.Parameter.empty and name not in given]
    for name in (*unknown, *missing):
        yield Problem(
            f"{candidate.estimator} {'with' if name in given else 'without'} the parameter {name}",
            f"parameters among {', '.join(own) or 'none'}, which the class takes and the study does not give",
            _correction(name, own) if name in given else "give it, or define a subclass with the value in it",
        )


def _correction(name: str, own: list[str]) -> str:
    meant = nearest(name, own)
    return f"did you mean {meant}?" if meant else "correct the candidate"
