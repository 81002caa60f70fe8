"""What a long run keeps on disk, so that it can be killed at any time and go on with the same result.

Two files in turn, each written beside its place and moved there, each with its own checksum: whatever happens to
the newer one, the older one is whole.
"""

import hashlib
import io
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from solenoidal._version import __version__
from solenoidal.engine.collector import Collector, Recipe
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.events import Listener, Message, Warned, silent
from solenoidal.files import replace_file

__all__ = ["Checkpoint", "Stage", "fingerprint"]

#: Seconds between two writes.
EVERY = 30.0
MAGIC = b"solenoidal checkpoint 1\n"
NAMES = ("state-0", "state-1")


@dataclass
class Stage:
    """How far the sum over one mesh has come: parts added in order, and their sum."""

    done: int = 0
    total: Collector | None = None


@dataclass
class Checkpoint:
    """State of one run in a folder.

    Parameters
    ----------
    folder
        Where the files are; made when first written, removed by :meth:`discard`.
    identity
        From :func:`fingerprint`.
    every
        Seconds between two writes.
    listen
        Told when a file cannot be written: the run goes on without.
    """

    folder: Path
    identity: Mapping[str, str]
    every: float = EVERY
    listen: Listener = silent
    clock: Callable[[], float] = time.monotonic
    stages: dict[str, Stage] = field(default_factory=dict)
    _serial: int = 0
    _written: float = 0.0

    def __post_init__(self) -> None:
        self._written = self.clock()

    def stage(self, name: str) -> Stage:
        """State of a stage, empty if it has not begun."""
        return self.stages.setdefault(name, Stage())

    def due(self) -> None:
        """Write if it is time."""
        if self.clock() - self._written >= self.every:
            self.write()

    def write(self) -> bool:
        """Write now; False if there is nothing to keep, or with a warning if the disk refuses."""
        self._written = self.clock()
        if not any(stage.done for stage in self.stages.values()):
            return False
        try:
            self.folder.mkdir(exist_ok=True)
            replace_file(self.folder / NAMES[self._serial % 2], self._content())
        except OSError as error:
            self.listen(
                Warned(f"{self.folder}: the state of the run could not be kept ({error.strerror}), it goes on.")
            )
            return False
        self._serial += 1
        return True

    def _content(self) -> bytes:
        arrays: dict[str, Any] = {}
        head: dict[str, Any] = {"identity": dict(self.identity), "serial": self._serial, "stages": {}}
        for name, stage in self.stages.items():
            numbers, parts = stage.total.state() if stage.total else (None, {})
            head["stages"][name] = {"done": stage.done, "numbers": numbers}
            arrays |= {f"{name}/{key}": array for key, array in parts.items()}
        buffer = io.BytesIO()
        np.savez(buffer, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)
        content = buffer.getvalue()
        return MAGIC + hashlib.sha256(content).digest() + content

    def resume(self, recipe: Callable[[str], Recipe]) -> bool:
        """Take over the newest whole file; False if there is none.

        Parameters
        ----------
        recipe
            What is collected in the stage of a name.

        Raises
        ------
        InputError
            If it belongs to another version, other operators or another job; the sentence says which.
        """
        found = [read for name in NAMES if (read := _read(self.folder / name))]
        if not found:
            return False
        head, arrays = max(found, key=lambda pair: pair[0]["serial"])
        self._compare(head["identity"])
        self._serial = head["serial"] + 1
        for name, stage in head["stages"].items():
            mine = {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}
            total = Collector.restore(recipe(name), stage["numbers"], mine) if stage["numbers"] else None
            self.stages[name] = Stage(stage["done"], total)
        return True

    def _compare(self, identity: Mapping[str, str]) -> None:
        for key, mine in self.identity.items():
            theirs = identity.get(key)
            if theirs != mine:
                raise InputError(
                    f"{self.folder}: the unfinished run there is not this one, {_difference(key, theirs, mine)}: "
                    f"start over without --resume."
                )

    def found(self) -> bool:
        """Whether an unfinished run is there."""
        return any((self.folder / name).is_file() for name in NAMES)

    def finish(self) -> None:
        """Write the complete sums if anything was written before: saving the result may still fail."""
        if self._serial:
            self.write()

    def discard(self) -> None:
        """Remove the files: the run is finished or starts over."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def announce(self) -> None:
        """Say how far the run taken over had come."""
        parts = sum(stage.done for stage in self.stages.values())
        self.listen(Message(f"going on with the unfinished run in {self.folder}: {parts} parts are done"))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Header and arrays of a file; None if it is absent, cut short or altered."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(MAGIC) + 32
    if not content.startswith(MAGIC) or hashlib.sha256(content[start:]).digest() != content[len(MAGIC) : start]:
        return None
    with np.load(io.BytesIO(content[start:]), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "head"}
        return json.loads(archive["head"].tobytes()), arrays


def _difference(key: str, theirs: str | None, mine: str) -> str:
    if key == "version":
        return f"it was made by version {theirs} and this is {mine}"
    if key == "operators":
        return "its Hamiltonian, positions or operators were others"
    return f"its {key} was {theirs} and is now {mine}"


def fingerprint(work: Work) -> dict[str, str]:
    """What a state belongs to: version, operators, and every entry of the task that changes numbers."""
    out = {"version": __version__, "operators": _digest(work)}
    out["components computed"] = ", ".join(work.computed.components)
    for entry in fields(work.task):
        if entry.name not in NEUTRAL:
            value = getattr(work.task, entry.name)
            out[entry.name] = _text(value)
    return out


#: Entries of a task that change no number.
NEUTRAL = ("workers", "memory")


def _text(value: object) -> str:
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:12]
        return (
            f"{len(value)} values from {value.min(initial=np.inf):.6g} to {value.max(initial=-np.inf):.6g} ({digest})"
        )
    return repr(value)


def _digest(work: Work) -> str:
    model, seen = work.model, hashlib.sha256()
    operator = model.operator(work.task.operator)
    for array in (model.lattice, model.R, model.H, model.position, operator.matrices, model.metric):
        seen.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()
