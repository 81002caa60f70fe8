"""Errors that a user can cause and mend."""

__all__ = ["InputError", "UnstableModelError", "WorkersLostError"]


class InputError(Exception):
    """A mistake in a file, a job or an argument.

    The message is one sentence that names the file, line, key or k-point and says what to do.
    The command line prints it without a traceback and exits with status 2.
    """


class UnstableModelError(InputError):
    """A bosonic Hamiltonian that is not positive definite: the message names the k-point."""


class WorkersLostError(InputError):
    """The workers of a calculation died or can no longer be reached."""
