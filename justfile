# The commands of this project, each as .ci/ calls it; `just` alone lists them. Nothing in .ci/ needs just.

export OMP_NUM_THREADS := "1"
export OPENBLAS_NUM_THREADS := "1"
export OMP_WAIT_POLICY := "PASSIVE"
export MLFLOW_DISABLE_TELEMETRY := "true"

_list:
    @just --list

# Make the environment with everything in it.
install:
    python3 -m venv .venv
    .venv/bin/pip install -q -c constraints.txt -e ".[test]"

# Run tests: all fast ones, or those given.
test *arguments:
    .venv/bin/pytest -q -n 2 --dist worksteal -m "not slow" {{ arguments }}

# Lint, format, types, import contract.
check:
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/mypy
    .venv/bin/lint-imports

# Repair what the linter and the formatter can repair.
fix:
    .venv/bin/ruff check --fix .
    .venv/bin/ruff format .

# Keep the tables that the run on the sample releases now; prints the line that CHANGELOG.md must have.
snapshot:
    .venv/bin/riskstrat run --registers data_samples/modellstad --out out
    .venv/bin/python tests/snapshots/released_tables.py out --write

# Build the documentation as a site (needs the extra `docs`).
site:
    .venv/bin/python docs/site/build.py site

# Run the notebooks again, all or those whose names begin so, and keep what they show.
notebooks *names:
    .venv/bin/python notebooks/execute.py {{ names }}

# Lines of the package, by sub-package.
lines:
    .venv/bin/python tests/architecture/count_lines.py

# What every change must pass, from a bare machine.
ci:
    bash .ci/run

# The tests on the oldest dependencies that pyproject.toml allows.
versions:
    bash .ci/versions

# Everything, also what is slow.
full:
    bash .ci/full
