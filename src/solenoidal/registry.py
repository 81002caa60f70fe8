"""Registries that fill themselves: a new quantity, definition or model is one new file and no edit elsewhere."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Generic, TypeVar

from solenoidal.errors import InputError

__all__ = ["Registry", "nearest"]

T = TypeVar("T")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a phrase that names the valid words, the nearest first."""
    words = sorted(known)
    # Case decides only between words that are equally near: lambda_r means lambda_R, not lambda_v.
    score = [(difflib.SequenceMatcher(None, word.lower(), w.lower()).ratio(), w == word, w) for w in words]
    hint = f"did you mean '{max(score)[2]}'? " if words else ""
    return f"{hint}(valid: {', '.join(words)})"


class Registry(Generic[T]):
    """Entries by name, added by the modules of one package when that package is first asked.

    Parameters
    ----------
    kind
        What an entry is called in messages.
    package
        Package whose modules register entries.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, T] = {}
        self._loaded = False

    def add(self, name: str, entry: T) -> T:
        """Register ``entry`` under ``name`` and return it."""
        if name in self._entries:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        self._entries[name] = entry
        return entry

    def names(self) -> tuple[str, ...]:
        """Names of all entries, sorted."""
        self._load()
        return tuple(sorted(self._entries))

    def get(self, name: str) -> T:
        """Return an entry.

        Raises
        ------
        InputError
            If there is none; the sentence gives the nearest valid name.
        """
        self._load()
        if name not in self._entries:
            raise InputError(f"unknown {self.kind} '{name}': {nearest(name, self._entries)}.")
        return self._entries[name]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self.package}.{module.name}")
