"""What was published of a study as the items of TRIPOD+AI and RECORD, in Markdown; only released values are read.

Texts are this folder's catalogue: ``name`` of an item, what is ``told`` of every study, and what a person has to
``write``, which is marked and never invented. `riskstrat.reports.checklist.items` says which items there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from riskstrat.errors.arguments import checked
from riskstrat.figures import Language, load_messages
from riskstrat.figures.messages import merge_messages
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports.checklist.items import ITEMS, data_of, facts
from riskstrat.reports.context import ReportContext, report_context


@checked
def card(study: Study | Published, language: Language = "sv") -> str:
    """Fill in the reporting items of TRIPOD+AI (Collins and others 2024) and RECORD (Benchimol and others 2015).

    Parameters
    ----------
    study
        What `riskstrat.run` returned, published first under its own rule; or what `riskstrat.publish` returned.
    language
        ``"sv"`` or ``"en"``.

    Returns
    -------
    str
        Markdown: each item by its number, in our own words, with what the run knows: participants and flow, codes,
        predictors, missing data, performance with intervals, recalibration, limits, versions. What only a person can
        know is marked ``to be written``.

    Raises
    ------
    DisclosureError
        If a table of the study cannot be released.

    Examples
    --------
    >>> import riskstrat as rs
    >>> told = rs.card(study, "en")
    >>> "### 17. Ethical approval" in told, "*To be written: ethics committee" in told
    (True, True)
    """
    context = report_context(study if isinstance(study, Published) else publish(study), language)
    texts = load_messages(language, "riskstrat.reports.checklist")
    return "\n\n".join(_blocks(replace(context, messages=merge_messages(context.messages, texts)))) + "\n"


def _blocks(context: ReportContext) -> Iterator[str]:
    messages, released, values = context.messages, context.released, facts(context)
    rule = context.tables["flow"].rule[context.language]
    yield f"# {messages('card.title', title=values['title'], municipality=values['municipality'])}"
    if released.disclosure.is_working_material:
        yield f"**{messages('page.working')}**"
    yield messages("card.intro", mark=messages("card.mark"), rule=rule)
    left = [_number(item) for items in ITEMS.values() for item in items if f"write.{item}" in messages.texts]
    yield messages("card.open", items=", ".join(left))
    for standard, items in ITEMS.items():
        yield f"## {messages(f'card.{standard}')}"
        for item in items:
            yield f"### {messages('card.item', number=_number(item), name=messages(f'name.{item}'))}"
            yield from _body(context, item, values)


def _body(context: ReportContext, item: str, values: dict[str, str]) -> Iterator[str]:
    """Give what is told of every study, what the run found, and what is left to write; never nothing."""
    messages = context.messages
    told = [messages(f"told.{item}", **values)] if f"told.{item}" in messages.texts else []
    found = [*told, *data_of(context, item)]
    if f"write.{item}" in messages.texts:
        found.append(messages("card.write", text=messages(f"write.{item}")))
    yield from found or [messages("card.absent")]


def _number(item: str) -> str:
    return item.replace("record_", "RECORD ")
