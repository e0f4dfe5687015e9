"""What goes wrong at the command line ends with one sentence and the right exit code, never a traceback."""

from pathlib import Path

import pytest

from commands import riskstrat


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("run", "gout"), 2, "childhood_obesity, early_cvd, frailty"),
        (("run", "--budget", "0"), 2, "budget"),
        (("run", "--budget", "nan"), 2, "budget"),
        (("run", "--as-of", "yesterday"), 2, "as-of"),
        (("run", "--candidates", "Oracle"), 2, "Oracle"),
        (("run", "--candidates", "Boosting(leaves=4)"), 2, "leaves"),
        (("run", "--candidates", "Boosting('"), 2, "Boosting('"),
        (("run", "--candidates", "Logistic", "--candidates", "Logistic"), 2, "candidates must differ"),
        (("run", "--noise", "3"), 2, "noise"),
        (("run", "--noise", "10"), 2, "twice the noise"),
        (("run", "--min-count", "0"), 2, "min_count"),
        (("run", "--min-people", "few"), 2, "min-people"),
        (("run", "--min-expected", "nan"), 2, "min_expected"),
        (("run", "--max-share", "90"), 2, "max_share"),
        (("run", "--registers", "nowhere"), 3, "nowhere"),
        (("rum",), 2, "run"),
        (("describe", "missing.py"), 2, "missing.py"),
        (("synthesise", "--people", "3"), 2, "people"),
    ],
)
def test_it_ends_with_the_right_exit_code(arguments: tuple[str, ...], exit_code: int, said: str):
    found = riskstrat(*arguments)
    assert found.returncode == exit_code, found.stderr
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_condition_file_with_mistakes_lists_them_all(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from riskstrat.declare import Count\nCount(register='contacts', codes='x', within='5z', widthin=3)\n",
        encoding="utf-8",
    )
    found = riskstrat("describe", path)
    assert found.returncode == 2
    assert "within" in found.stderr
    assert "widthin" in found.stderr


def test_the_lists_are_printed():
    found = riskstrat("conditions")
    assert found.returncode == 0
    assert found.stdout.count("\n") == 4
    assert found.stdout.count("* ") == 3
    assert riskstrat("describe", "frailty").stdout.startswith("# Serious events")
    assert '"kind": "Condition"' in riskstrat("describe", "frailty", "--json").stdout
