"""Compilation is announced once, and only when it happens."""

import ast
from pathlib import Path

import numba

import solenoidal
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


def compiled_functions(path):
    """Functions of a module with the name of their decorator, and what each calls."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = {d.id for d in getattr(node, "decorator_list", []) if isinstance(d, ast.Name)}
        if isinstance(node, ast.FunctionDef) and names & {"jit", "exact"}:
            calls = {c.func.id for c in ast.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)}
            found[node.name] = (names, calls)
    return found


def test_compiled_functions_that_call_each_other_keep_the_order_of_sums():
    """Otherwise the last bits depend on which of them came from the cache on disk."""
    nested = 0
    for path in Path(solenoidal.__file__).parent.rglob("*.py"):
        found = compiled_functions(path)
        for name, (decorators, calls) in found.items():
            for called in calls & found.keys():
                nested += 1
                assert "exact" in decorators, f"{path.name}: {name} calls {called}"
                assert "exact" in found[called][0], f"{path.name}: {called} is called by {name}"
    assert nested > 10
