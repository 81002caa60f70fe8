"""How many threads there are."""

import os

__all__ = ["cores"]


def cores() -> int:
    """Number of processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1
