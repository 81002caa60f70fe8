"""How much memory this process holds."""

import sys
from pathlib import Path

__all__ = ["resident"]

_STATM = Path("/proc/self/statm")


def resident() -> int | None:
    """Bytes of memory that this process holds, or the most it ever held where the system tells no more, or None."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
