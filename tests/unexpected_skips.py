"""A run of the tests that skips something fails, unless `tests/expected_skips.toml` gives the reason for it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

EXPECTED = Path(__file__).parent / "expected_skips.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `.ci/run` gives."""
    parser.addoption(
        "--fail-on-unexpected-skips",
        action="store_true",
        help=f"fail when a test is skipped for a reason that is not in {EXPECTED.name}",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch the reports where all of them arrive: in the process that distributes the tests."""
    if config.getoption("fail_on_unexpected_skips") and not hasattr(config, "workerinput"):
        known = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))["skip"]
        config.pluginmanager.register(UnexpectedSkips({entry["reason"] for entry in known}))


class UnexpectedSkips:
    """Collects the skips whose reasons are not expected, and fails the run when there are any."""

    def __init__(self, expected: set[str]) -> None:
        self.expected = expected
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a skip of one test."""
        self._collect(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take a skip of a whole module."""
        self._collect(report)

    def _collect(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if reason not in self.expected:
                self.found.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail the run."""
        if self.found and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the skips and say what to do."""
        if self.found:
            terminalreporter.section("unexpected skips", red=True)
            terminalreporter.write_line("\n".join(self.found))
            terminalreporter.write_line(f"Make the tests run, or give the reason in tests/{EXPECTED.name}.")
