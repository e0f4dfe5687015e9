"""Render the cases to docs/features/: one page a file of cases, and a front page that lists the kinds.

Run: python tests/feature_cases/page.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import riskstrat.declare as words
from feature_cases import anchors, kinds, observed, people, relatives, windows
from feature_cases.case import BORN, COVERED, INDEX, Case, Page, Refusal, Row, Scene, Section
from riskstrat.declare import Declaration, EventFeature, Feature

PAGES: tuple[Page, ...] = (
    windows.PAGE,
    anchors.PAGE,
    observed.PAGE,
    kinds.PAGE,
    kinds.EDGE_PAGE,
    people.PAGE,
    relatives.PAGE,
)
FOLDER = Path(__file__).parents[2] / "docs" / "features"
ROW_COLUMNS = ("person_id", "date", "end_date", "code", "value", "known_on", "setting", "position")
OBSERVED = {"observed share": "share", "observed years": "years"}
"""Columns of a page that tell how much was observed, and the field of a case that each shows."""
Cell = Callable[[Section, Case], Sequence[object]]


def pages() -> Mapping[str, str]:
    """Every page by its file name."""
    return {"README.md": _front(), **{f"{page.name}.md": _text(page) for page in PAGES}}


def _front() -> str:
    contents = [f"- [{page.title}]({page.name}.md): {page.text}" for page in PAGES]
    kinds_there = [kind for kind in vars(words).values() if _is_kind(kind)]
    listed = [(kind.__name__, kind.explained().en, kind.unit.en, _empty(kind)) for kind in kinds_there]
    return "\n".join(
        (
            "# Features, case by case",
            "",
            "Each case is a tiny register and the answer that the engine must give; every one is a test. These pages",
            "are rendered from the cases by `python tests/feature_cases/page.py`.",
            "",
            *contents,
            "",
            "## Kinds",
            "",
            *_table(("kind", "answers", "unit", "an observed window without rows"), listed),
            "",
        )
    )


def _is_kind(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Feature) and not getattr(kind, "__abstractmethods__", None)


def _empty(kind: type[Feature]) -> str:
    return _said(kind.empty) if issubclass(kind, EventFeature) else ""


def _text(page: Page) -> str:
    usual = f"The index date is {INDEX} and the person was born on {BORN}, lives here since 1999 and is the only one, "
    usual += "tables are covered since 2000 and rows known the same day, unless a case says otherwise. "
    usual += "Beside each date stands how many days before the index it is."
    sections = [line for section in page.sections for line in _section(section)]
    return "\n".join((f"# {page.title}", "", page.text, "", usual, *sections, *_refused(page), ""))


def _refused(page: Page) -> Iterator[str]:
    if page.refused:
        yield from ("", "## Refused", "", "What cannot be meant is refused when it is declared.", "")
        lines = [(one.title, f"`{one.kind.__name__}({_declared(one)})`") for one in page.refused]
        yield from _table(("because", "declared"), lines)


def _declared(refusal: Refusal) -> str:
    return ", ".join(_argument(name, value, by_name=True) for name, value in refusal.declared.items())


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {section.title}", "", section.text, "")
    if section.feature is not None:
        yield from ("```python", in_code(section.feature), "```", "")
    yield from _shared(section)
    used = {name: cell for name, cell in _cells().items() if any(cell(section, case) for case in section.cases)}
    if not any(row.get("person_id", 1) != 1 for case in section.cases for row in case.rows):
        used.pop("person_id", None)
    told = [head for head, of in OBSERVED.items() if any(getattr(case, of) is not None for case in section.cases)]
    heads = ("case", *used, "answer", *told)
    yield from _table(heads, [_line(section, case, used, heads) for case in section.cases])


def _shared(section: Section) -> Iterator[str]:
    """What registers hold in every case."""
    told = _circumstances(section.scene)
    if told:
        yield from (f"In every case: {'; '.join(told)}.", "")
    if section.rows:
        rows = [_row(row, section.code, section.scene.index) for row in section.rows]
        names = [name for name in ROW_COLUMNS[1:] if any(row.get(name) is not None for row in rows)]
        yield from _table(names, [[_said(row.get(name)) for name in names] for row in rows])
        yield ""


def _line(section: Section, case: Case, used: Mapping[str, Cell], heads: Sequence[str]) -> list[str]:
    cells = ["<br>".join(_said(item) for item in cell(section, case)) for cell in used.values()]
    told = [getattr(case, OBSERVED[head]) for head in heads if head in OBSERVED]
    return [case.title, *cells, f"**{_said(case.answer)}**", *("" if one is None else _said(one) for one in told)]


def _cells() -> Mapping[str, Cell]:
    """What differs between cases: what is asked, circumstances, then the columns of the case's own rows."""
    asked: dict[str, Cell] = {
        "asked": lambda _, case: [f"`{in_code(case.feature)}`"] if case.feature else [],
        "in this case": lambda _, case: _circumstances(case.scene) if case.scene else [],
    }
    return asked | {name: _column(name) for name in ROW_COLUMNS}


def _column(name: str) -> Cell:
    def cell(section: Section, case: Case) -> Sequence[object]:
        told = [_row(row, section.code, section.scene_of(case).index).get(name) for row in case.rows]
        return told if any(item is not None for item in told) else []

    return cell


def _row(row: Row, code: str, index: date) -> Row:
    """A row as it is shown: whose it is, and how many days before the index."""
    days = (index - row["date"]).days
    person = {"person_id": 1} if row.get("person_id", 1) == 1 else {}
    return {"code": code, **row, **person, "date": f"{row['date']} ({days} d)"}


def _circumstances(scene: Scene) -> list[str]:
    told = [f"the index is {scene.index}"] if scene.index != INDEX else []
    told += [f"person 1: {_listed(scene.person)}"] if scene.person else []
    told += [f"person {one['person_id']}: {_listed(one)}" for one in scene.family]
    told += ["nobody lives here"] if scene.homes == () else [_home(home) for home in scene.homes or ()]
    told += [f"covered {_span(*scene.covered)}"] if scene.covered != COVERED else []
    return told + ([f"known after {_delay(scene.delay_days)}"] if scene.delay_days else [])


def _listed(person: Row) -> str:
    return ", ".join(f"{name} {_said(value)}" for name, value in person.items() if name != "person_id" and value)


def _home(home: Row) -> str:
    return f"person {home['person_id']} lives here {_span(home['start_date'], home['end_date'])}"


def _span(first: object, last: object) -> str:
    return f"since {first}" if last is None else f"{first} to {last}"


def _delay(delay_days: int | Mapping[str, int]) -> str:
    if isinstance(delay_days, int):
        return f"{delay_days} days"
    return ", ".join(f"{days} days ({setting})" for setting, days in delay_days.items())


def in_code(declaration: Declaration) -> str:
    """The declaration as one writes it."""
    by_name = {field.name: field.kw_only for field in fields(declaration)}
    said = {name: getattr(declaration, name) for name in declaration.to_plain() if name != "kind"}
    listed = (_argument(name, value, by_name=by_name[name]) for name, value in said.items())
    return f"{type(declaration).__name__}({', '.join(listed)})"


def _argument(name: str, value: object, *, by_name: bool) -> str:
    return f"{name}={_quoted(value)}" if by_name else _quoted(value)


def _quoted(value: object) -> str:
    if isinstance(value, Declaration):
        return in_code(value)
    if isinstance(value, tuple):
        items = ", ".join(map(_quoted, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    return f"{value:g}" if isinstance(value, float) else repr(value).replace("'", '"')


def _said(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return value.isoformat() if isinstance(value, date) else str(value)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
