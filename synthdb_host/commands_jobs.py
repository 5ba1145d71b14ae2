"""``synthdb jobs``: background work. Listing, showing, cancelling and retrying import no plugin."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, get_args

import click

from synthdb_host.control import Control
from synthdb_host.encoding import format_timestamp
from synthdb_host.job_store import JobStore
from synthdb_host.jobs import Job, JobState
from synthdb_host.session import Session, config_options, print_json, print_rows

__all__ = ["jobs"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def jobs() -> None:
    """List, run and stop background work."""


@jobs.command("list")
@click.option("--state", type=click.Choice(get_args(JobState)), help="Only jobs in this state.")
@click.option("--task", help="Only jobs of this task.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@_json
@config_options
@click.pass_obj
def list_(session: Session, /, state: JobState | None, task: str | None, limit: int, *, as_json: bool) -> None:
    """List jobs, the newest first."""
    rows = [_facts(job) for job in _store(session).list(state, task, limit)]
    print_rows(rows, "{id:>6} {state:<9} {progress:>4.0%} {name:<24} {run_at:.19} {message}", as_json=as_json)


@jobs.command()
@click.argument("job", metavar="ID", type=int)
@_json
@config_options
@click.pass_obj
def show(session: Session, /, job: int, *, as_json: bool) -> None:
    """Show the job ID."""
    facts = _facts(_store(session).get(job))
    if as_json:
        print_json(facts)
    else:
        rows = [{"key": key, "value": value} for key, value in facts.items() if value not in (None, "")]
        print_rows(rows, "{key:<13} {value}", as_json=False)


@jobs.command()
@click.argument("job", metavar="ID", type=int)
@config_options
@click.pass_obj
def cancel(session: Session, /, job: int) -> None:
    """Cancel the job ID. One that runs stops where it next tells its progress."""
    found = _store(session).cancel(job)
    click.echo(f"Job {job} is cancelled." if found.finished_at else f"Job {job} was asked to stop.")


@jobs.command()
@click.argument("job", metavar="ID", type=int)
@config_options
@click.pass_obj
def retry(session: Session, /, job: int) -> None:
    """Queue the job ID again, if it failed or was cancelled."""
    _store(session).retry(job)
    click.echo(f"Job {job} is queued.")


@jobs.command()
@click.argument("name")
@click.option("--payload", default="{}", metavar="JSON", help="A JSON object for the task.")
@config_options
@click.pass_obj
def run(session: Session, /, name: str, payload: str) -> None:
    """Run the task NAME now, here and unrecorded. Prints its progress, then its result as JSON."""
    try:
        values = json.loads(payload)
    except ValueError as error:
        raise click.UsageError(f"--payload is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.UsageError("--payload is not a JSON object.")
    with session.started() as host:
        result = host.jobs.run_now(
            name, values, lambda part, text: click.echo(f"{part:4.0%} {text}".rstrip(), err=True)
        )
    if result is not None:
        print_json(result)


@jobs.command()
@_json
@config_options
@click.pass_obj
def schedules(session: Session, /, *, as_json: bool) -> None:
    """List when tasks run by themselves."""
    host = session.host()
    rows = []
    for one in host.contributions.schedules:
        next_at, fired_at = host.jobs.store.times(one.record)
        rows.append(_texts(asdict(one.record) | {"next_at": next_at, "fired_at": fired_at}))
    print_rows(rows, "{name:<24} {cron:<16} {zone:<16} {next_at:.19}", as_json=as_json)


def _store(session: Session) -> JobStore:
    return JobStore(Control(session.settings().data))


def _facts(job: Job) -> dict[str, Any]:
    """Give what there is to know; of a failed job, the message is its error."""
    return _texts(asdict(job) | {"progress": job.progress or 0.0, "message": job.error or job.message})


def _texts(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: format_timestamp(value) if isinstance(value, datetime) else value for name, value in facts.items()}
