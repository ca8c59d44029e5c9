"""Versions: what somebody saw of a document before changing it, as its time of change."""

from datetime import datetime, timedelta

# What the store keeps of a time: two changes are at least so far apart, so that each is another version.
TICK = timedelta(milliseconds=1)


def version_of(changed: datetime) -> str:
    """Return the name of the version that a document has been since it was changed."""
    return format(int(changed.timestamp() * 1000), "x")


def next_change(now: datetime, changed: datetime) -> datetime:
    """Return the time of a change made now, later than the last even by a clock that is behind."""
    return max(now, changed + TICK)
