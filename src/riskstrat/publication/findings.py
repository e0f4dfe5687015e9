"""What may be shown of a check of registers: released counts, sentences with these counts, and readable text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import Disclosure, Ratio, Released, Sum, Table, release
from riskstrat.figures import Language, MessageCatalogue, load_messages
from riskstrat.publication.cohort import flow_table
from riskstrat.publication.noise import noise_of
from riskstrat.records.findings import SEVERITIES, DryRun, Findings, Severity

_WIDTH = 100
_TEXTS = "riskstrat.publication"
_LEAST_SHARE = 0.001
_COMPONENT = ("part", "component", "register", "codes", "settings", "positions")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PublishedFindings:
    """What may be shown of a check; ``str`` gives it as text.

    Attributes
    ----------
    table
        severity, table, rule, about, rows, of, share, sentence: one row a finding, gravest first. Counts that the
        disclosure rule protects are null, and so is the share.
    condition, components, years, flow, notes
        As in `riskstrat.records.findings.DryRun`, released; empty or None where no condition was given.
    rule
        The disclosure rule in words.
    """

    name: str
    tables: tuple[str, ...]
    table: pl.DataFrame = field(repr=False)
    components: pl.DataFrame | None = field(default=None, repr=False)
    years: pl.DataFrame | None = field(default=None, repr=False)
    flow: pl.DataFrame | None = field(default=None, repr=False)
    condition: str = ""
    notes: tuple[LocalisedText, ...] = ()
    rule: str = ""
    language: Language = "en"

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity."""
        return self.table.filter(severity=severity).height

    def to_plain(self) -> dict[str, object]:
        """Give all of it as plain data."""
        frames = {"findings": self.table, "components": self.components, "years": self.years, "flow": self.flow}
        return {
            "name": self.name,
            "tables": list(self.tables),
            "condition": self.condition,
            **{name: [] if frame is None else frame.to_dicts() for name, frame in frames.items()},
            "rule": self.rule,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _lines(self) -> Iterator[str]:
        messages = load_messages(self.language, _TEXTS)
        found = ", ".join(messages.count(f"check.{severity}", self.count(severity)) for severity in SEVERITIES)
        yield f"{self.name}: {messages.count('check.found', len(self.tables), found=found)}"
        for severity in SEVERITIES:
            findings = self.table.filter(severity=severity)
            if findings.height:
                yield from ("", messages(f"check.{severity}.title"))
                for finding in findings.iter_rows(named=True):
                    yield from _wrapped(finding["table"], finding["sentence"])
        if self.components is not None and self.years is not None and self.flow is not None:
            yield from ("", messages("check.finds", condition=self.condition))
            by_year = self.years.sort("year").partition_by(_COMPONENT, as_dict=True)
            for row in self.components.iter_rows(named=True):
                yield _component_line(row, messages)
                yield from _year_lines(by_year.get(tuple(row[name] for name in _COMPONENT)), messages)
            for row in self.flow.iter_rows(named=True):
                counted = messages("check.flow", **_counts(row, messages, "rows", "people"))
                reason = row["reason_sv" if self.language == "sv" else "reason"]
                yield f"  {messages.named('check_part', row['part']):<12}{reason}: {counted}"
            for note in self.notes:
                yield from _wrapped(messages("check.note.of"), note.in_language(self.language))
        yield ""
        yield from textwrap.wrap(self.rule, _WIDTH)


def publish_findings(
    found: Findings, disclosure: Disclosure | None = None, language: Language = "en"
) -> PublishedFindings:
    """Release what a check counted, by default under the rule of the findings, and put it into sentences.

    Examples
    --------
    >>> rows = [("error", "persons", "own parent", "", 7, 100, "{rows} people are their own mother or father")]
    >>> columns = ["severity", "table", "rule", "about", "rows", "of", "sentence"]
    >>> found = Findings(name="town", tables=("persons",), findings=pl.DataFrame(rows, schema=columns, orient="row"))
    >>> publish_findings(found, Disclosure(rounding=1, protection="none")).table["sentence"].item()
    '7 people are their own mother or father'
    """
    rule = disclosure or found.disclosure
    released = release(_tables(found), rule, noise_of(rule))
    rows = released["findings"].frame.sort(pl.col("severity").cast(pl.Enum(SEVERITIES)), "table", "rule", "about")
    messages = load_messages(language, _TEXTS)
    sentences = [_sentence(row, rule, messages) for row in rows.iter_rows(named=True)]
    table = rows.with_columns(pl.Series("sentence", sentences, dtype=pl.String))
    return PublishedFindings(
        name=found.name,
        tables=found.tables,
        table=table.select("severity", "table", "rule", "about", "rows", "of", "share", "sentence"),
        components=_frame(released, "components"),
        years=_frame(released, "years"),
        flow=_frame(released, "flow"),
        condition=found.dry_run.condition if found.dry_run else "",
        notes=found.dry_run.notes if found.dry_run else (),
        rule=rule.rule[language],
        language=language,
    )


def _component_table(components: pl.DataFrame) -> Table:
    """Give the roles of the columns of `DryRun.components`, for `release`."""
    return Table(
        components,
        dimensions=_COMPONENT,
        counts=("rows", "persons"),
        derived={"different": "persons"},
        public=("in_registers",),
    )


def _tables(found: Findings) -> dict[str, Table]:
    share = pl.when(pl.col("of") > 0).then(pl.col("rows") / pl.col("of")).alias("share")
    findings = Table(
        found.findings.with_columns(share),
        dimensions=("table", "rule", "about"),
        counts=("rows", "of"),
        derived={"share": Ratio("rows", "of")},
        public=("severity", "sentence"),
    )
    return {"findings": findings, **(_dry_run_tables(found.dry_run) if found.dry_run else {})}


def _dry_run_tables(dry_run: DryRun) -> dict[str, Table]:
    return {
        "components": _component_table(dry_run.components),
        "years": Table(
            dry_run.years,
            dimensions=(*_COMPONENT, "year"),
            counts=("rows", "persons"),
            sums=[Sum(count="rows", total_table="components", by=_COMPONENT)],
        ),
        "flow": flow_table(dry_run.flow, dry_run.flow_keys),
    }


def _frame(released: Mapping[str, Released], name: str) -> pl.DataFrame | None:
    return released[name].frame if name in released else None


def _sentence(finding: Mapping[str, object], disclosure: Disclosure, messages: MessageCatalogue) -> str:
    """Fill in a rule's sentence, in the language's own words where it has them."""
    few, share = messages("check.few", n=disclosure.min_count), finding["share"]
    said = messages.texts.get(f"check_rule.{finding['rule']}", str(finding["sentence"]))
    return said.format(
        **{name: few if finding[name] is None else _number(finding[name], messages) for name in ("rows", "of")},
        share=messages("check.no_share") if share is None else _percent(float(str(share)), messages),
        about=finding["about"],
    )


def _percent(share: float, messages: MessageCatalogue) -> str:
    small = share < _LEAST_SHARE
    written = f"{messages.numbers.number(100 * max(share, _LEAST_SHARE), 1)} %"
    return messages("check.less_than", share=written) if small else written


def _component_line(row: Mapping[str, object], messages: MessageCatalogue) -> str:
    narrowed = ", ".join(str(row[name]) for name in ("settings", "positions") if row[name])
    asked = messages("check.codes", codes=row["codes"], register=row["register"]) + (
        f" ({narrowed})" if narrowed else ""
    )
    numbers = messages("check.rows", **_counts(row, messages, "rows", "persons"))
    found = numbers if row["in_registers"] else messages("check.no_table")
    named = f"{row['component']}: " if row["component"] else ""
    return f"  {messages.named('check_part', str(row['part'])):<12}{named}{asked}: {found}"


def _year_lines(years: pl.DataFrame | None, messages: MessageCatalogue) -> list[str]:
    rows = [] if years is None else years.select("year", "rows").iter_rows()
    told = ", ".join(f"{year}: {_number(count, messages)}" for year, count in rows)
    indent = " " * 16
    said = messages("check.years", told=told)
    return textwrap.wrap(said, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _counts(row: Mapping[str, object], messages: MessageCatalogue, *names: str) -> dict[str, str]:
    return {name: _number(row[name], messages) for name in names}


def _number(count: object, messages: MessageCatalogue) -> str:
    return messages("check.too_few") if count is None else messages.numbers.number(int(str(count)))


def _wrapped(table: str, sentence: str) -> list[str]:
    return textwrap.wrap(sentence, _WIDTH, initial_indent=f"  {table:<16}", subsequent_indent=" " * 18)
