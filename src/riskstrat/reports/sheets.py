"""One page for each area, care centre or district, for those who work there; nobody is named and nothing is ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskstrat.declare import Sex
from riskstrat.figures import NUMBER
from riskstrat.figures.messages import capitalised
from riskstrat.figures.reasons import Reasons, reasons_of
from riskstrat.records.areas import AREA
from riskstrat.reports.context import BOUNDS, Estimate, ReportContext, sheet_key
from riskstrat.reports.interval_strip import Strip, StripRow
from riskstrat.reports.situation import COUNTED, interval_of, percent_of

Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What one page says.

    Attributes
    ----------
    key, kind, name
        Anchor, what it is a sheet of, and which one.
    lead
        What the class is, in a sentence.
    facts, parts, people
        Rows of tables: what is known; why the risk differs; what the people are like beside everybody.
    beside
        The risk beside that of others.
    notes
        Sentences: why, what the plan does here, which areas belong to it.
    """

    key: str
    kind: str
    name: str
    lead: str
    facts: tuple[Row, ...]
    parts: tuple[Row, ...]
    people: tuple[Row, ...]
    beside: Strip
    why: str | None
    plan: tuple[str, ...]
    notes: tuple[str, ...]


def sheets(context: ReportContext) -> tuple[Sheet, ...]:
    """Give the sheets of all areas, then those of each level; none without areas."""
    if context.areas is None:
        return ()
    areas = (_area_sheet(context, row) for row in context.areas.iter_rows(named=True))
    levels = context.frame("levels")
    rows = () if levels is None else levels.iter_rows(named=True)
    return (*areas, *(_level_sheet(context, n, row) for n, row in enumerate(rows, 1)))


def _area_sheet(context: ReportContext, row: dict[str, Any]) -> Sheet:
    key = context.tables["areas"].frame.columns[0]
    people, risk = row["target_people"], _three(row, "risk")
    expected = None if people is None or risk is None else risk.mapped(lambda share: share * people)
    reasons = _reasons(context, "reasons", {"group": row[key]}, row["name"])
    return Sheet(
        key=sheet_key(row[NUMBER]),
        kind=context.messages("sheet.area"),
        name=row["name"],
        lead=_lead(context, row),
        facts=(*_facts(context, row, expected),),
        parts=_parts(context, reasons),
        people=_people(context, AREA, row[key]),
        beside=_beside(context, row["name"], risk, _levels_of(context, row[key])),
        why=None if reasons is None else _sentence(context, reasons),
        plan=tuple(_plan(context, [row[key]], _of_area)),
        notes=(),
    )


def _level_sheet(context: ReportContext, n: int, row: dict[str, Any]) -> Sheet:
    where = {"level": row["level"], "group": row["group"]}
    members = [each[AREA] for each in context.rows("level_members", **where)]
    reasons = _reasons(context, "level_reasons", where, row["group"])
    names = _names(context, members)
    is_whole = row.get("cases") is not None
    key = "sheet.members" if is_whole else "sheet.members_of_people"
    return Sheet(
        key=f"sheet-level-{n}",
        kind=capitalised(_title(context, row["level"])),
        name=row["group"],
        lead=_lead(context, row),
        facts=(*_facts(context, row, _three(row, "expected_cases")),),
        parts=_parts(context, reasons),
        people=_people(context, row["level"], row["group"]),
        beside=_beside(context, row["group"], _three(row, "risk"), []),
        why=None if reasons is None else _sentence(context, reasons),
        plan=tuple(_plan(context, members, _of_level)),
        notes=(context.messages(key, areas=context.messages.listed(names)),),
    )


def _three(row: Mapping[str, Any], name: str) -> Estimate | None:
    values = [row[f"{name}{end}"] for end in BOUNDS]
    return None if None in values else Estimate(*values)


def _title(context: ReportContext, level: str) -> str:
    return next((context.say(each.title) for each in context.released.levels if each.name == level), level)


def _names(context: ReportContext, codes: Sequence[str]) -> list[str]:
    called = {row[AREA]: row.get("name", row[AREA]) for row in context.rows("areas")}
    return sorted(called.get(code, code) for code in codes)


def _lead(context: ReportContext, row: Mapping[str, Any]) -> str:
    kind = row["class"]
    if kind is None:
        return context.messages("sheet.no_class")
    name = kind.replace(" ", "_")
    known = name if f"sheet.{name}" in context.messages.texts else "withheld"
    return context.messages(f"sheet.{known}")


def _facts(context: ReportContext, row: Mapping[str, Any], expected: Estimate | None) -> Iterator[Row]:
    number, messages = context.numbers.number, context.messages
    absent = messages("sheet.withheld_value")
    people = row["target_people"]
    yield messages("sheet.people"), absent if people is None else number(people)
    yield messages("column.cases_to_come"), absent if expected is None else context.numbers.interval(*expected)
    yield messages("column.risk"), percent_of(context, row, "risk") or absent
    yield messages("column.relative"), interval_of(context, row, "relative_risk") or absent
    for name, column in COUNTED.items():
        if name in row and (row[name] is not None or "area_id" in row):
            yield messages(f"column.{column}"), absent if row[name] is None else number(row[name])


def _reasons(context: ReportContext, table: str, where: Mapping[str, str], name: str) -> Reasons | None:
    if all(row["estimate"] is None for row in context.rows(table, **where)):
        return None
    return reasons_of(context.tables[table], where["group"], name, level=where.get("level"))


def _sentence(context: ReportContext, reasons: Reasons) -> str:
    total, beyond = (context.numbers.interval(*reasons.sum_of(name)) for name in ("total", "beyond_age_sex"))
    return context.messages("sheet.difference", points=total, beyond=beyond)


def _parts(context: ReportContext, reasons: Reasons | None) -> tuple[Row, ...]:
    if reasons is None:
        return ()
    parts = {part: (value, *reasons.bounds.get(part, (None, None))) for part, value in reasons.points.items()}
    told = {**parts, "living_conditions_and_area": reasons.together, "sum": reasons.sum_of("total")}
    return tuple(
        (capitalised(context.messages(f"part.{name}")), context.numbers.interval(*of))
        for name, of in told.items()
        if of is not None
    )


def _people(context: ReportContext, level: str, group: str) -> tuple[Row, ...]:
    """Each labelled factor: how common it is here and among everybody, or its mean."""
    labels = {each.column: context.say(each.label) for each in context.released.condition.features if each.label}
    labels |= {name: context.messages("sheet.men") for name in labels if name == Sex().column}
    return tuple(
        (capitalised(labels[row["feature"]]), *(_amount(context, row, name) for name in ("mean", "everybody")))
        for row in context.rows("profile", level=level, group=group)
        if row["feature"] in labels
    )


def _amount(context: ReportContext, row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if value is None:
        return context.messages("sheet.withheld_value")
    if row["is_share"]:
        return context.numbers.percent(value) if 0 < value < 0.01 else context.numbers.whole_percent(value)
    return context.numbers.number(value, 0 if abs(value) >= 10 else 1)


def _levels_of(context: ReportContext, area: str) -> list[tuple[str, Estimate]]:
    """Larger groups that the area belongs to: of groups of people, none."""
    holding = {(row["level"], row["group"]) for row in context.rows("level_members", **{AREA: area})}
    found = [
        (f"{capitalised(_title(context, row['level']))}: {row['group']}", _three(row, "risk"))
        for row in context.rows("levels")
        if row.get("cases") is not None and (row["level"], row["group"]) in holding
    ]
    return [(name, risk) for name, risk in found if risk is not None]


def _beside(context: ReportContext, name: str, risk: Estimate | None, levels: Sequence[tuple[str, Estimate]]) -> Strip:
    """Set the risk beside larger groups, everybody, and what others published of the same outcome."""
    whole = context.estimate("total", ("expected_cases", "lower", "upper"), scope="all")
    people = context.count("total", "people", scope="all")
    rows = [] if risk is None else [StripRow(name, *risk, is_own=True)]
    rows += [StripRow(called, *of) for called, of in levels]
    if whole is not None and people:
        rows.append(StripRow(context.released.source.name, *whole.mapped(lambda cases: cases / people)))
    published = context.frame("comparators")
    if published is not None:
        same = published.filter(indicator=context.released.condition.name).sort("year", "who")
        rows += [
            StripRow(f"{row['who']} {row['year']} ({row['source']})", row["value"], row["lower"], row["upper"])
            for row in same.iter_rows(named=True)
        ]
    return Strip(rows=tuple(rows), numbers=context.numbers, lead=context.messages("sheet.beside"))


def _plan(
    context: ReportContext,
    members: Sequence[str],
    sentences: Callable[[ReportContext, Sequence[Mapping[str, Any]], Sequence[str]], Iterator[str]],
) -> Iterator[str]:
    """Say what the plan does in some areas, and what is offered."""
    selected = context.tables.get("plan_selected")
    if selected is None or AREA not in selected.roles:
        yield context.messages("sheet.no_plan")
        return
    yield from sentences(context, [row for row in selected.rows() if row[AREA] in members], members)
    yield from _programmes_here(context)


def _of_area(context: ReportContext, chosen: Sequence[Mapping[str, Any]], _members: Sequence[str]) -> Iterator[str]:
    if not chosen:
        yield context.messages("sheet.not_chosen")
        return
    row = chosen[0]
    reached = None if row["reached"] is None else context.numbers.number(row["reached"])
    averted = interval_of(context, row, "averted")
    part = row["share"] is not None and row["share"] < 1
    yield context.messages("sheet.chosen_part" if part else "sheet.chosen")
    if reached is not None and averted is not None:
        yield context.messages("sheet.gives", reached=reached, averted=averted)


def _programmes_here(context: ReportContext) -> Iterator[str]:
    """Say what is offered and whom one can ask, as declared."""
    for programme in context.released.condition.programmes:
        yield context.messages("sheet.offer", programme=context.say(programme.title))
        for action in programme.actions:
            if action.responsible is not None:
                said = {"action": context.say(action.action), "responsible": context.say(action.responsible)}
                yield context.messages("sheet.action", **said)


def _of_level(context: ReportContext, chosen: Sequence[Mapping[str, Any]], members: Sequence[str]) -> Iterator[str]:
    if not chosen:
        yield context.messages("sheet.not_chosen_areas")
        return
    named = context.messages.listed(_names(context, [row[AREA] for row in chosen]))
    yield context.messages("sheet.chosen_areas", k=len(chosen), n=len(members), areas=named)
