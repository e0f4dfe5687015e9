"""What to type: shown at the end of each command's help, and read back by a test."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "run": (
        ("all conditions on the sample", "riskstrat run --out out"),
        ("one condition, what was known on a day", "riskstrat run frailty --registers my_registers --as-of 2024-01-01"),
        ("your own condition, in Swedish", "riskstrat run my_condition.py --language sv --budget 2000000"),
        ("features and folds on a cluster", "riskstrat run early_cvd --scheduler tcp://10.0.0.1:8786"),
        ("runs to a server", "riskstrat run frailty --store http://mlflow:5000 --models models --champion"),
    ),
    "track": (
        ("the server is back", "riskstrat track --resume --out out --store http://mlflow:5000"),
        ("a saved study", "riskstrat track studies/frailty-2024 --store http://mlflow:5000"),
    ),
    "score": (
        ("groups by area, as Parquet", "riskstrat score models/frailty --registers my_registers --out scores"),
        ("women and men of each area", "riskstrat score models/frailty --by area_id --by sex --as-of 2024-07-01"),
        ("persons, in a folder of their own", "riskstrat score models/frailty --persons private/risks.parquet"),
    ),
    "monitor": (("exit code 8 where something moved", "riskstrat monitor models/frailty --registers my_registers"),),
    "transport": (
        ("another place, recalibrated", "riskstrat transport models/frailty --registers another_place --save there"),
    ),
    "conditions": (("with Swedish titles", "riskstrat conditions --language sv"),),
    "describe": (
        ("in words", "riskstrat describe frailty"),
        ("your own, as JSON", "riskstrat describe my_condition.py --json"),
    ),
    "check": (
        ("the registers", "riskstrat check my_registers"),
        ("what a condition finds in them", "riskstrat check my_registers --condition frailty --as-of 2024-01-01"),
    ),
    "codes": (
        ("all lists and scores", "riskstrat codes"),
        ("what a code belongs to", "riskstrat codes --search I21"),
        ("one list", "riskstrat codes statins"),
    ),
    "intake": (
        ("raw extracts, one mapping of your own", "riskstrat intake raw --out my_registers --mapping mine.toml"),
    ),
    "from-omop": (("a database", "riskstrat from-omop postgresql://server/cdm --out my_registers --delay-days 30"),),
    "from-meds": (("a dataset", "riskstrat from-meds dataset --out my_registers --table ICD10CM=diagnoses"),),
    "synthesise": (("a small town", "riskstrat synthesise --people 20000 --seed 7 --out town"),),
    "notebooks": (("a copy of your own, without outputs in commits", "riskstrat notebooks my_notebooks"),),
    "pseudonymise": (("all files of a folder", "riskstrat pseudonymise arrived pseudonymised private/keys.sqlite"),),
}


def examples(command: str) -> str:
    """Give the examples of a command as the last paragraph of its help."""
    lines = (f"{said}:\n    {line}" for said, line in EXAMPLES[command])
    return "\n".join(["\b", *lines])  # the mark says that its lines stay as they are
