"""What all tests of the host share: how hypothesis runs, and facts that tests measured."""

import pytest
from hypothesis import settings

settings.register_profile("synthdb", derandomize=False, print_blob=True, deadline=None)
settings.load_profile("synthdb")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded with ``record_property``: seeds, what was measured, which means were used."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if getattr(report, "user_properties", None)
    ]
    if reports:
        terminalreporter.section("what tests recorded")
    for report in sorted(reports, key=lambda report: str(report.nodeid)):
        facts = ", ".join(f"{name}: {value}" for name, value in report.user_properties)
        terminalreporter.write_line(f"{report.nodeid}\n    {facts}")


def pytest_sessionfinish() -> None:
    """Stop the PostgreSQL server of this process, if a test has started one."""
    from plugins.core.tests.servers import stop_server  # noqa: PLC0415 - tests of the host alone need no driver

    stop_server()
