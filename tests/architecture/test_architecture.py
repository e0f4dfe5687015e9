"""The imports between modules are those that the design page allows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "riskstrat"
ROW = re.compile(r"^\| (?P<package>[a-z_]+) \|[^|\n]+\|(?P<allowed>[^|\n]*)\|$", re.MULTILINE)


def allowed_imports() -> dict[str, set[str]]:
    page = (ROOT / "docs" / "design" / "0001-architecture.md").read_text(encoding="utf-8")
    rows = {row["package"]: set(row["allowed"].replace(",", " ").split()) for row in ROW.finditer(page)}
    return {package: allowed for package, allowed in rows.items() if package != "package"}


def packages() -> list[str]:
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    return sorted(found - {"__init__", "__main__"})


def imported_modules(tree: ast.Module) -> set[str]:
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {
        f"riskstrat.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "riskstrat"
        for name in node.names
    }
    return plain | (froms - {"riskstrat"}) | packages


def files_of(package: str) -> list[Path]:
    folder = PACKAGE / package
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{package}.py"]


def test_every_package_has_a_row_and_every_row_a_package():
    assert set(packages()) == set(allowed_imports())


@pytest.mark.parametrize("package", packages())
def test_imports_are_in_the_row(package: str):
    allowed = allowed_imports()[package] | {package}
    for path in files_of(package):
        modules = imported_modules(ast.parse(path.read_text(encoding="utf-8")))
        ours = {name.split(".")[1] for name in modules if name.startswith("riskstrat.")}
        assert ours <= allowed, f"{path.relative_to(ROOT)} imports {sorted(ours - allowed)}"


def test_only_tracking_imports_mlflow():
    importers = {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == "mlflow" for name in imported_modules(ast.parse(path.read_text(encoding="utf-8"))))
        or 'optional("mlflow' in path.read_text(encoding="utf-8")
    }
    assert importers <= {"tracking"}


def test_no_module_is_longer_than_400_lines():
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > 400}


def test_no_pickle_and_no_network_libraries():
    forbidden = {"pickle", "cloudpickle", "joblib", "dill", "requests", "httpx", "http", "urllib.request", "socket"}
    for path in PACKAGE.rglob("*.py"):
        modules = imported_modules(ast.parse(path.read_text(encoding="utf-8")))
        found = modules & forbidden | {name.split(".")[0] for name in modules} & forbidden
        assert not found, f"{path.relative_to(ROOT)} imports {sorted(found)}"


def test_no_stage_knows_a_condition_by_name():
    names = {path.stem for path in (PACKAGE / "conditions").glob("*.py")} - {"__init__"}
    for package in set(packages()) - {"conditions", "synthetic"}:
        for path in files_of(package):
            strings = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            assert not strings & names, f"{path.relative_to(ROOT)} speaks of {sorted(strings & names)}"
