"""Parts computed by a Dask cluster, with the same result as anywhere else."""

import contextlib
import logging
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from solenoidal.engine.schedule import Divisible, Remote
from solenoidal.engine.work import Part
from solenoidal.errors import InputError, WorkersLostError
from solenoidal.events import Counter

__all__ = ["Cluster"]

T = TypeVar("T")

#: Seconds to wait for the scheduler, and for the first worker.
CONNECT, FIRST_WORKER = 20, 300


class Cluster(Remote):
    """Workers of a Dask scheduler; Dask replaces those that die and uses those that come late.

    Parameters
    ----------
    address
        ``host:port``, ``tcp://host:port``, or the file that a scheduler wrote with ``--scheduler-file``.

    Raises
    ------
    InputError
        If Dask is not installed, nobody answers at the address, or no worker comes.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise InputError("--cluster needs Dask: pip install 'solenoidal[cluster]'.") from None
        _silence()
        where = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
        try:
            self.client = Client(timeout=CONNECT, **where)
            self.client.wait_for_workers(1, timeout=FIRST_WORKER)
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"--cluster {address}: no cluster there ({reason.rstrip('.')}).") from None
        super().__init__(self.client.get_executor(pure=False))

    @property
    def ahead(self) -> int:
        """See :class:`~solenoidal.engine.schedule.Crew`: grows with the cluster."""
        with contextlib.suppress(OSError, TimeoutError):  # nobody answers: the next part says so
            self.workers = sum(self.client.nthreads().values())
        return super().ahead

    def submit(self, work: Divisible[T], mesh: Any, part: Part, counter: Counter) -> "Future[T]":
        """See :class:`~solenoidal.engine.schedule.Crew`."""
        if self.client.status != "running":
            raise WorkersLostError("the scheduler of the cluster does not answer any more.")
        return super().submit(work, mesh, part, counter)

    def close(self) -> None:
        """See :class:`~solenoidal.engine.schedule.Crew`."""
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close(timeout=5)


def _silence() -> None:
    """What goes wrong comes as one sentence, not as the log of the connection."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
