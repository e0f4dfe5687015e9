"""The page about the quality check says of every rule what the check says."""

from pathlib import Path

import pytest

from riskstrat.quality import RULES, SEVERITIES

PAGE = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_on_the_page_under_its_severity(rule: str):
    headings = [PAGE.index(f"### {severity.capitalize()}s") for severity in SEVERITIES] + [PAGE.index("## Limits")]
    place = SEVERITIES.index(RULES[rule].severity)
    told = RULES[rule].sentence.format(rows="n", of="m", share="p %", about="x")
    assert headings[place] < PAGE.index(f"| {rule} | {told} |") < headings[place + 1]
