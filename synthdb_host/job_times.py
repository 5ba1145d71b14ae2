"""When a schedule fires: cron in a time zone, as Debian's cron reads it."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from synthdb_host.tasks import Schedule

__all__ = ["next_time"]


def next_time(schedule: Schedule, after: float) -> float:
    """Give the first time of a schedule after a moment; both are seconds since 1970.

    Where clocks are put forward, a time that does not exist is taken right after the gap; where they are put
    back, a time that comes twice is taken once, and one that comes every hour is taken in both hours.

    Raises:
        ValueError: the cron expression or the time zone is not valid, or the time never comes.
    """
    zone, reason = _zone(schedule), "it never comes"
    try:
        # In a repeated hour cron finds the first of two times, even when that is over.
        for moment in CronSim(schedule.cron, datetime.fromtimestamp(after, zone)):
            if moment.timestamp() > after:
                return moment.timestamp()
    except CronSimError as error:
        reason = str(error)
    raise ValueError(f"schedule {schedule.name!r}: cron {schedule.cron!r}: {reason}")


def _zone(schedule: Schedule) -> tzinfo:
    if schedule.zone == "UTC":
        return UTC  # also on a machine without a time zone database
    try:
        return ZoneInfo(schedule.zone)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"schedule {schedule.name!r}: time zone {schedule.zone!r} is not known here") from error
