"""The items of the reporting card, and what the run knows of each: lines of Markdown from released tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from riskstrat.declare.description import described_sections
from riskstrat.declare.registers import register_title
from riskstrat.figures.messages import capitalised
from riskstrat.reports.area_fit import fit_sentences
from riskstrat.reports.comparisons import benchmark_rows
from riskstrat.reports.context import ReportContext
from riskstrat.reports.elsewhere import elsewhere_sentences
from riskstrat.reports.grade import drift_factors
from riskstrat.reports.tables import (
    Written,
    checks_of,
    choice_reason,
    choice_rows,
    code_rows,
    counted_landmarks,
    coverage_rows,
    flow_rows,
    group_name,
    missing_rows,
    missing_way,
    split_rows,
    unmeasured_areas,
    unmeasured_sentences,
    written_count,
    written_metric,
)

_TRIPOD = (
    "1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13 14 15 16 17 "
    "18a 18b 18c 18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"
)
_RECORD = "1.1 1.2 1.3 6.1 6.2 6.3 7.1 12.1 12.2 12.3 13.1 19.1 22.1"
ITEMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"tripod": tuple(_TRIPOD.split()), "record": tuple(f"record_{number}" for number in _RECORD.split())}
)
_DECIMALS = 3


def facts(context: ReportContext) -> dict[str, str]:
    """Give what sentences name: declared, or a fact of the study that concerns no person."""
    released, messages = context.released, context.messages
    condition, source = released.condition, released.source
    units = context.tables["partition"].frame
    return {
        "title": context.say(condition.title),
        "municipality": source.name.replace("<", "\\<"),
        "people": context.say(condition.wording.people),
        "outcome": context.say(condition.wording.outcome),
        "programmes": messages.listed([context.say(each.title) for each in condition.programmes]) or "-",
        "checks": messages.listed([messages(f"check.{name}") for name in checks_of(context)]),
        "invented": messages("page.invented") if source.invented else "",
        "date": context.date(released.as_of),
        "data_end": context.date(source.data_end),
        "days": context.numbers.number(condition.horizon_days),
        "areas": context.numbers.number(units.height),
        "units": context.numbers.number(units["unit"].n_unique()),
        "features": context.numbers.number(len(condition.features)),
        "metrics": messages.listed([_metric(context, name) for name in _metrics(context)]),
        "missing": missing_way(context),
        "follow_up": messages(f"follow_up.{'time' if released.of_time else 'status'}"),
        "recalibration": messages(f"recalibration.{released.recalibration}"),
        "towards": messages(f"method.towards_{released.smoothing}"),
        "care": messages("method.limit_care"),
        "moved": messages("method.limit_moved"),
        "elsewhere": " ".join(elsewhere_sentences(context)).replace("<", "\\<"),
        "registers": messages.listed(
            [context.say(register_title(name)) for name in context.tables["coverage"].frame["register"]]
        ),
        "model": messages.named("estimator", released.chosen),
        "version": released.version,
        "digest": released.digest,
        "condition_digest": condition.digest,
        "model_digest": released.model_digest,
        "fingerprint": source.fingerprint[:12],
    }


def data_of(context: ReportContext, item: str) -> Iterable[str]:
    """Give what the run found for an item; nothing where only sentences belong to it."""
    return _DATA[item](context) if item in _DATA else ()


def _declared(*names: str) -> Callable[[ReportContext], Iterator[str]]:
    """Write sections of the declaration."""

    def write(context: ReportContext) -> Iterator[str]:
        for name, body in described_sections(context.released.condition, context.language):
            if name in names and body:
                yield "\n".join(body if len(body) > 1 or body[0].startswith("- ") else [f"- {body[0]}"])

    return write


def _table(rows: Callable[[ReportContext], Written]) -> Callable[[ReportContext], Iterator[str]]:
    """Write a table that the report's page has too."""

    def write(context: ReportContext) -> Iterator[str]:
        yield _grid(context, *rows(context))

    return write


def _landmarks(context: ReportContext) -> Iterator[str]:
    if counted := counted_landmarks(context):
        yield counted


def _refused(context: ReportContext) -> Iterator[str]:
    rows = [
        (f"{row['table']}: {row['rule']}", written_count(context, row["rows"]))
        for row in context.tables["refused"].frame.iter_rows(named=True)
    ]
    yield _grid(context, ("source", "refused_rows"), rows) if rows else context.messages("card.none_refused")


def _assessed(context: ReportContext) -> Iterator[str]:
    if context.frame("assessed") is not None:
        yield context.messages("card.assessed", **_written_counts(context, "assessed", "index_dates", "assessed"))


def _counts(context: ReportContext) -> Iterator[str]:
    yield context.messages(
        "card.counts", **_written_counts(context, "total", "persons", "index_dates", "cases", "case_persons")
    )


def _written_counts(context: ReportContext, table: str, *names: str) -> dict[str, str]:
    return {name: written_count(context, context.count(table, name, scope="all")) for name in names}


def _missing(context: ReportContext) -> Iterator[str]:
    columns, rows = missing_rows(context)
    if rows:
        yield f"{context.messages('method.missing_table')}:"
        yield _grid(context, columns, rows)
    if (areas := unmeasured_areas(context)) is not None:
        yield unmeasured_sentences(context, areas)


def _choice(context: ReportContext) -> Iterator[str]:
    yield choice_reason(context)
    yield _grid(context, *choice_rows(context))


def _flow(context: ReportContext) -> Iterator[str]:
    for name, title in (("flow", "method.flow_training"), ("target_flow", "method.flow_target")):
        yield f"{context.messages(title)}:"
        yield _grid(context, *flow_rows(context, name))


def _analyses(context: ReportContext) -> Iterator[str]:
    yield from _counts(context)
    rows = [
        (
            capitalised(context.messages(f"check.{name}")),
            written_count(context, context.count(f"metrics_{name}", "n", metric="auc", group="all")),
        )
        for name in checks_of(context)
    ]
    yield _grid(context, ("check", "rows"), rows)


def _performance(context: ReportContext) -> Iterator[str]:
    checks = checks_of(context)
    rows = [
        (_metric(context, metric), *(_estimate(context, name, metric) for name in checks))
        for metric in _metrics(context)
    ]
    titles = [capitalised(context.messages(f"check.{name}")) for name in checks]
    yield _markdown([context.messages("card.column_metric"), *titles], rows)
    if (written := benchmark_rows(context))[1]:
        yield _grid(context, *written)
    benefit = context.frame("net_benefit_person")
    if benefit is not None:
        wide = benefit.pivot("strategy", index="threshold", values="net_benefit").sort("threshold")
        shown = wide.select("threshold", "model", "all").iter_rows()
        numbers = [tuple(_decimal(context, value) for value in row) for row in shown]
        columns = [context.messages(f"card.column_{name}") for name in ("threshold", "model", "all")]
        yield _markdown(columns, numbers)


def _groups(context: ReportContext) -> Iterator[str]:
    frame = context.frame("metrics_person")
    found = [] if frame is None else sorted(set(frame["group"]) - {"all"})
    shown = ("observed_expected", "calibration_slope", "auc")
    rows = [
        (capitalised(group_name(context, group)), *(_estimate(context, "person", metric, group) for metric in shown))
        for group in found
    ]
    if rows:
        yield _grid(context, ("group", "observed_expected", "slope", "auc"), rows)
    yield from fit_sentences(context)
    if moved := drift_factors(context):
        yield context.messages("method.drift", **moved.written)


def _level(context: ReportContext) -> Iterator[str]:
    for name in checks_of(context):
        told = {"check": context.messages(f"check.{name}"), "estimate": _estimate(context, name, "observed_expected")}
        yield context.messages("card.in_time", **told)


def _limits(context: ReportContext) -> Iterator[str]:
    released = context.released
    texts = (*released.condition.limits, *released.notes, *(one.reason for one in released.omissions))
    if texts:
        yield "\n".join(f"- {each}" for each in dict.fromkeys(context.say(text) for text in texts))


_DATA: Mapping[str, Callable[[ReportContext], Iterator[str]]] = MappingProxyType(
    {
        "5a": _table(coverage_rows),
        "5b": _landmarks,
        "6b": _declared("population", "including", "excluding", "index"),
        "7": _refused,
        "8a": _declared("outcome", "horizon"),
        "8b": _assessed,
        "9b": _declared("features"),
        "10": _counts,
        "11": _missing,
        "12a": _table(split_rows),
        "12c": _choice,
        "20a": _flow,
        "21": _analyses,
        "23a": _performance,
        "23b": _groups,
        "24": _level,
        "26": _limits,
        "record_7.1": _table(code_rows),
        "record_12.2": _refused,
    }
)


def _metrics(context: ReportContext) -> list[str]:
    frame = context.frame("metrics_person")
    return [] if frame is None else frame["metric"].unique(maintain_order=True).to_list()


def _metric(context: ReportContext, name: str) -> str:
    return context.messages.named("metric", name)


def _estimate(context: ReportContext, check: str, metric: str, group: str = "all") -> str:
    return written_metric(context, f"metrics_{check}", metric, group) or context.messages("withheld")


def _decimal(context: ReportContext, value: float | None) -> str:
    return context.messages("withheld") if value is None else context.numbers.number(value, _DECIMALS)


def _grid(context: ReportContext, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    return _markdown([context.messages(f"column.{name}") for name in columns], rows)


def _markdown(headings: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    cells = [headings, ["---"] * len(headings), *rows]
    written = (" | ".join((cell or "–").replace("|", "\\|") for cell in row) for row in cells)
    return "\n".join(f"| {row} |" for row in written)
