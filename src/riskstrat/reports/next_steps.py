"""4. The next step: whom to ask, what data were missing or late, and what the report must not be used for."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.declare import Action
from riskstrat.declare.registers import register_title
from riskstrat.figures.messages import capitalised
from riskstrat.reports.blocks import Block, Bullets, Heading, Paragraph
from riskstrat.reports.context import WITHHELD, ReportContext

LATE_DAYS = 180
"""A register whose rows are known this long after the event is told as late."""

ALWAYS_READ = ("persons", "residences", "area_facts")
_FORBIDDEN = ("persons", "league", "cause", "cut")


def next_steps(context: ReportContext) -> Iterator[Block]:
    """Answer the fourth question."""
    messages = context.messages
    yield from _actions(context)
    yield Heading(messages("next_steps.ask_title"))
    yield _bullets([messages(f"next_steps.{name}") for name in ("ask", "ask_residents", "ask_payers")])
    yield Heading(messages("next_steps.data_title"))
    yield _bullets([*_missing(context)] or [messages("next_steps.complete")])
    yield Heading(messages("next_steps.indicators_title"))
    followed = [*_followed(context)]
    yield _bullets(followed) if followed else Paragraph(messages("next_steps.indicators"))
    yield Paragraph(messages("next_steps.levels"), "quiet")
    yield Heading(messages("next_steps.forbidden_title"))
    yield _bullets([messages(f"next_steps.forbidden_{name}") for name in _FORBIDDEN])
    yield Paragraph(messages("next_steps.legal"), "quiet")


def _actions(context: ReportContext) -> Iterator[Block]:
    """Say who does what by when, as far as it is declared; nothing is made up where it is not."""
    programmes = context.released.condition.programmes
    if not programmes:
        return
    undecided = context.messages("next_steps.undecided")
    rows = [
        (
            context.say(action.action),
            undecided if action.responsible is None else context.say(action.responsible),
            undecided if action.by is None else context.date(action.by),
        )
        for programme in programmes
        for action in programme.actions or (Action(action=programme.title),)
    ]
    yield Heading(context.messages("next_steps.actions_title"))
    columns, cells = ("action", "responsible", "by"), [(capitalised(what), *rest) for what, *rest in rows]
    yield context.grid("actions", None, context.messages("next_steps.actions_table"), columns, cells, text_columns=3)


def _bullets(texts: list[str]) -> Bullets:
    return Bullets(tuple(("", text) for text in texts))


def _followed(context: ReportContext) -> Iterator[str]:
    """Say of each indicator what it is, or why that is not known, and what to expect without action."""
    for name in context.tables:
        if name.startswith("indicator_") and name.endswith("_measured"):
            measured = context.tables[name].frame.sort("year")
            if measured.columns[0] == "year":
                told = _indicator(context, measured, context.tables[name.replace("_measured", "_expected")].frame)
                yield " ".join([told, *_compared(context, context.frame(name.replace("_measured", "_compared")))])


def _indicator(context: ReportContext, measured: pl.DataFrame, expected: pl.DataFrame) -> str:
    messages, suffix = context.messages, "_sv" if context.language == "sv" else ""
    last, known = measured.row(-1, named=True), measured.drop_nulls("estimate")
    words = {"title": last[f"title{suffix}"], "goal": messages(f"goal.{last['goal']}")}
    if known.is_empty():
        return messages(
            "next_steps.indicator_missing",
            **words,
            why=last[f"missing{suffix}"] or messages("next_steps.indicator_few"),
        )
    said = [messages("next_steps.indicator", **words, **_number_of(context, known.tail(1)))]
    if not expected.drop_nulls("estimate").is_empty():
        said += [
            messages("next_steps.indicator_expected", **_number_of(context, expected.drop_nulls("estimate").tail(1)))
        ]
        said += [expected[f"assumption{suffix}"][-1]]
    return " ".join(said)


def _compared(context: ReportContext, found: pl.DataFrame | None) -> Iterator[str]:
    """Say what became of what an earlier report expected without action."""
    for row in () if found is None else found.drop_nulls("outcome").iter_rows(named=True):
        said = {"expected": ("expected", "expected_lower", "expected_upper"), "number": ("estimate", "lower", "upper")}
        written = {name: context.numbers.interval(*(row[part] for part in parts)) for name, parts in said.items()}
        outcome = context.messages(f"next_steps.became_{row['outcome'].replace(' ', '_')}")
        yield context.messages("next_steps.became", year=str(row["year"]), outcome=outcome, **written)


def _number_of(context: ReportContext, row: pl.DataFrame) -> dict[str, str]:
    number = context.numbers.interval(*row.select("estimate", "lower", "upper").row(0))
    return {"number": number, "year": str(row["year"].item())}


def _missing(context: ReportContext) -> Iterator[str]:
    yield from _registers(context)
    yield from _refused(context)
    yield from (capitalised(context.say(note)) for note in context.released.notes)
    people, assessed = (context.count("assessed", name, scope="all") for name in ("persons", "assessed_persons"))
    number = context.numbers.number
    if people is not None and assessed is not None:
        yield context.messages("next_steps.assessed", people=number(people), assessed=number(assessed))
    frame = context.frame("left_out")
    without_area = 0 if frame is None else int(frame["target_people"].sum())
    if without_area:
        yield context.messages("next_steps.no_area", n=number(without_area))
    withheld = len(context.names_of(WITHHELD))
    if withheld:
        areas = capitalised(context.messages.count("areas", withheld))
        yield context.messages("next_steps.withheld", areas=areas)


def _registers(context: ReportContext) -> Iterator[str]:
    """Name the registers that the condition reads and that are late, or end early, in one sentence a lateness."""
    # Names that the declaration mentions anywhere, and the registers that every study reads.
    read = {*_strings(context.released.condition.to_plain()), *ALWAYS_READ}
    frame = context.tables["coverage"].frame.filter(pl.col("register").is_in(sorted(read)))
    late = frame.filter(pl.col("delay_days") >= LATE_DAYS)
    for rows in late.sort("delay_days").partition_by("delay_days", maintain_order=True):
        days = context.numbers.number(rows["delay_days"][0])
        yield context.messages("next_steps.late", days=days, registers=_named(context, rows))
    ended = frame.filter(pl.col("coverage_end") < context.released.source.data_end)
    for rows in ended.sort("coverage_end").partition_by("coverage_end", maintain_order=True):
        yield context.messages(
            "next_steps.ended", date=context.date(rows["coverage_end"][0]), registers=_named(context, rows)
        )


def _strings(plain: object) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    for part in plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ():
        yield from _strings(part)


def _named(context: ReportContext, rows: pl.DataFrame) -> str:
    return context.listed([context.say(register_title(name)) for name in rows["register"]])


def _refused(context: ReportContext) -> Iterator[str]:
    frame = context.frame("refused")
    if frame is None or frame.is_empty():
        return
    named = [context.say(register_title(name)) for name in frame["table"].unique(maintain_order=True)]
    tables, rows = context.listed(named), int(frame["rows"].sum())
    if rows:
        yield context.messages("next_steps.refused", n=context.numbers.number(rows), tables=tables)
    else:
        yield context.messages("next_steps.refused_withheld", tables=tables)
