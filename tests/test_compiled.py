"""Compilation is announced once, and only when it happens."""

import numba

from solenoidal.compiled import announced_compilation, one_blas_thread
from solenoidal.events import Message


def test_compilation_is_announced_once_and_a_compiled_function_is_silent():
    first, second = numba.njit(lambda x: x + 1), numba.njit(lambda x: x - 1)

    events = []
    with announced_compilation(events.append):
        assert first(second(1)) == 1
    assert len(events) == 1
    assert isinstance(events[0], Message)
    assert "compiling" in events[0].text
    with announced_compilation(events.append):
        first(second(1))
    assert len(events) == 1


def test_one_blas_thread_inside_and_the_old_number_after():
    from threadpoolctl import threadpool_info

    def threads():
        return {p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}

    before = threads()
    assert one_blas_thread(threads)() == {1}
    assert threads() == before
