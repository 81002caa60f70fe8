"""Compilation is announced once when it takes a while."""

import time

from solenoidal.compiled import one_blas_thread, run_announced
from solenoidal.events import Message


def test_slow_warm_up_is_announced():
    events = []
    run_announced(lambda: time.sleep(0.2), events.append, after=0.02)
    assert len(events) == 1
    assert isinstance(events[0], Message)
    assert "compiling" in events[0].text


def test_fast_warm_up_is_silent():
    events = []
    run_announced(lambda: None, events.append)
    assert events == []


def test_one_blas_thread_inside_and_the_old_number_after():
    from threadpoolctl import threadpool_info

    def threads():
        return {p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}

    before = threads()
    assert one_blas_thread(threads)() == {1}
    assert threads() == before
