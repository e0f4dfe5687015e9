"""What is published is composed in one place: records are values, and only `publication` calls `release`."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "riskstrat"
RELEASING = ("disclosure", "publication")
HOOKS = {"tables", "plot", "_repr_html_", "_repr_mimebundle_", "_ipython_display_"}


def trees(folder: Path) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")}


def calls(tree: ast.Module) -> set[str]:
    return {
        node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    } | {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"disclosure", "rs", "riskstrat"}
    }


def test_nothing_outside_publication_calls_release():
    found = {
        str(path.relative_to(PACKAGE))
        for path, tree in trees(PACKAGE).items()
        if path.relative_to(PACKAGE).parts[0] not in RELEASING and "release" in calls(tree)
    }
    assert found == set()


def test_no_record_draws_or_displays_itself():
    for path, tree in trees(PACKAGE / "records").items():
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any("figures" in module or "publication" in module for module in imported), path.name
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert not defined & HOOKS, path.name


def test_every_displayed_record_carries_the_rule_that_it_is_shown_under():
    for name in ("areas", "cohort", "follow_up", "pilot", "plan", "validation"):
        fields = {
            node.target.id
            for node in ast.walk(ast.parse((PACKAGE / "records" / f"{name}.py").read_text(encoding="utf-8")))
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        }
        assert "disclosure" in fields, name
