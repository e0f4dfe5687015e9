"""What groups of people are called, and their order."""

from __future__ import annotations

import re

from riskstrat.reports.context import ReportContext


def group_name(context: ReportContext, group: str) -> str:
    """Write the group of a metric, such as ``sex=female``, in words."""
    column, _, value = group.partition("=")
    key = f"group_value.{column}_{value}"
    if key in context.messages.texts:
        return context.messages(key)
    declared = {one.name: one for one in context.released.condition.subgroups}
    if column not in declared:
        return f"{context.messages.named('group_column', column)} {value.replace('-', '–')}"
    title = dict(declared[column].values).get(value)
    unnamed = context.messages("group_value.unknown") if value == "unknown" else value
    return f"{context.say(declared[column].label)}: {unnamed if title is None else context.say(title)}"


def natural(group: str) -> tuple[str, int, str]:
    """Sort 70-79 before 100-109, and sex before age."""
    column, _, value = group.partition("=")
    first = re.match(r"\d+", value)
    return ("" if column == "sex" else column, int(first.group()) if first else 0, value)
