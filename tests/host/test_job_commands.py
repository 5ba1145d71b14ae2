"""``synthdb jobs``: what operators see of background work and do about it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.control import Control
from synthdb_host.job_store import JobStore

pytestmark = pytest.mark.slow

ENABLED = {"SYNTHDB_PLUGINS__ENABLED": "shop"}
PLUGIN = """
    def add(run):
        for number in run.payload.get("numbers", ()):
            run.progress(number, 4, "adding")
        return {"sum": sum(run.payload["numbers"])} if "numbers" in run.payload else None


    class Plugin:
        @hookimpl
        def synthdb_tasks(self):
            return [Task("shop.add", add)]

        @hookimpl
        def synthdb_schedules(self):
            return [Schedule("shop.add", "0 7 * * MON", "Europe/Berlin")]
"""


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    """The jobs of the command's data folder."""
    return JobStore(Control(tmp_path / "synthdb-data"))


def test_jobs_are_listed_without_importing_a_plugin(site: Any, synthdb: Any, store: JobStore) -> None:
    """The newest first, filtered, and as JSON."""
    site.add("bomb", "raise SystemExit('imported')\n")
    store.add("shop.add", {"numbers": [1]}, run_at=0)
    store.add("shop.other", {}, run_at=0)
    store.cancel(1)
    autoload = {"SYNTHDB_PLUGINS__AUTOLOAD": "true"}

    lines = synthdb("jobs", "list", **autoload).stdout.splitlines()
    assert ["     2 queued      0% shop.other               1970-01-01T00:00:00"] == lines[:1]
    assert lines[1].startswith("     1 cancelled   0% shop.add")
    found = json.loads(synthdb("jobs", "list", "--json", "--state", "cancelled", "--limit", "5").stdout)
    assert [(1, "shop.add", {"numbers": [1]})] == [(job["id"], job["name"], job["payload"]) for job in found]
    assert [] == json.loads(synthdb("jobs", "list", "--json", "--task", "shop.none").stdout)


def test_a_job_is_shown_with_why_it_failed(synthdb: Any, store: JobStore) -> None:
    """Only what is known of it, or everything as JSON."""
    store.add("shop.add", {}, run_at=0)
    claimed = store.claim({"shop.add": 60}, "me")
    assert claimed
    store.fail(claimed, "no such colour")

    text = synthdb("jobs", "show", "1").stdout
    assert "state         failed" in text
    assert "message       no such colour" in text
    assert "lease_until" not in text
    assert "failed" == json.loads(synthdb("jobs", "show", "1", "--json").stdout)["state"]


def test_a_job_is_cancelled_and_tried_again(synthdb: Any, store: JobStore) -> None:
    """One that runs is asked to stop."""
    store.add("shop.add", {}, run_at=0)

    assert "Job 1 is cancelled.\n" == synthdb("jobs", "cancel", "1").stdout
    assert "Job 1 is queued.\n" == synthdb("jobs", "retry", "1").stdout
    store.claim({"shop.add": 60}, "me")
    assert "Job 1 was asked to stop.\n" == synthdb("jobs", "cancel", "1").stdout


def test_a_task_runs_in_the_foreground(site: Any, tmp_path: Path) -> None:
    """Its progress goes to standard error, its result to standard output."""
    site.add("shop", PLUGIN)
    result = subprocess.run(
        [sys.executable, "-m", "synthdb_host", "jobs", "run", "shop.add", "--payload", '{"numbers": [1, 4]}'],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=site.environ(**ENABLED),
    )  # fmt: skip

    assert " 25% adding\n100% adding\n" == result.stderr
    assert {"sum": 5} == json.loads(result.stdout)


def test_a_task_without_a_result_prints_nothing(site: Any, synthdb: Any) -> None:
    """The exit code says that it is done."""
    site.add("shop", PLUGIN)

    assert "" == synthdb("jobs", "run", "shop.add", **ENABLED).stdout


def test_schedules_are_listed_with_their_next_time(site: Any, synthdb: Any) -> None:
    """Also before any server has run."""
    site.add("shop", PLUGIN)

    assert synthdb("jobs", "schedules", **ENABLED).stdout.startswith(
        "shop.add                 0 7 * * MON      Europe/Berlin    20"
    )
    (row,) = json.loads(synthdb("jobs", "schedules", "--json", **ENABLED).stdout)
    assert ("run", "skip", None) == (row["misfire"], row["overlap"], row["fired_at"])


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("show", "7"), 1, "there is no job 7 [unknown_job]"),
        (("cancel", "7"), 1, "there is no job 7 [unknown_job]"),
        (("list", "--state", "lost"), 2, "'lost' is not one of"),
        (("run", "shop.ad"), 1, "there is no task 'shop.ad'; did you mean 'shop.add'? [unknown_task]"),
        (("run", "shop.add", "--payload", "{"), 2, "--payload is not JSON"),
        (("run", "shop.add", "--payload", "[]"), 2, "--payload is not a JSON object"),
        (("run", "shop.add", "--payload", '{"numbers": ["a"]}'), 1, "TypeError: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(
    site: Any, synthdb: Any, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    """Exit code 2 for wrong usage, 1 for failure."""
    site.add("shop", PLUGIN)

    assert complaint in synthdb("jobs", *arguments, code=code, **ENABLED).stderr
