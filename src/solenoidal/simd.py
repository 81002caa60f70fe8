"""Explicit vectors for compiled loops: a type of ``WIDTH`` doubles, one k-point per entry.

A product of small matrices is limited by loads and by the bookkeeping of a library call.  With one k-point per entry
of a vector there is no bookkeeping, whatever the size of the matrices, and a tile of the product stays in registers.
LLVM splits the vectors where the machine has shorter ones.

Matrices of ``WIDTH`` k-points are stored together, ``(..., row, column, 2, WIDTH)`` doubles: first all real parts of an
element, then all imaginary parts.  Kernels address them by the position of the first double.
"""

import math
import operator
import threading
from collections.abc import Callable
from typing import Any, cast

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

__all__ = ["WIDTH", "aligned", "choose", "load", "lowest", "root", "scratch", "splat", "store"]

Real = NDArray[np.float64]

#: Doubles of a vector: one register of AVX-512, else of AVX2 or two of anything shorter.
WIDTH = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4

# A product and a sum may become one instruction, but their order stays.
_FLAGS = ("contract",)
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


class _VectorType(types.Type):
    """Type of a vector in compiled code."""

    def __init__(self) -> None:
        super().__init__(name=f"Vector{WIDTH}")


_vector = _VectorType()


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _intrinsic(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile to the instruction that the decorated function builds; ``plain`` where compilation is switched off."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return plain if getattr(config, "DISABLE_JIT", False) else cast(Callable[..., Any], intrinsic(function))

    return decorate


def _store(array: Real, index: int, value: Real) -> None:
    array[index : index + WIDTH] = value


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@_intrinsic(lambda array, index: array[index : index + WIDTH].copy())
def load(typing: Any, array: Any, index: Any) -> Any:
    """Vector that begins at ``index`` of a one-dimensional array, a multiple of ``WIDTH`` in :func:`scratch`."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_address(context, builder, signature.args[0], args[0], args[1]))
        value.align = 8
        return value

    return _vector(array, types.intp), code


@_intrinsic(_store)
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a vector at ``index``, see :func:`load`."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature.args[0], args[0], args[1])).align = 8
        return context.get_dummy_value()

    return types.none(array, types.intp, _vector), code


@_intrinsic(lambda x: np.full(WIDTH, x))
def splat(typing: Any, x: Any) -> Any:
    """Vector with a number in every entry."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(nothing, args[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH))

    return _vector(types.float64), code


def _call(builder: Any, kind: Any, name: str, argument: Any) -> Any:
    """Call a function of one vector that LLVM knows."""
    function: Any = cgutils.get_or_insert_function
    return builder.call(function(builder.module, ir.FunctionType(kind, (_VECTOR,)), name), (argument,))


@_intrinsic(np.sqrt)
def root(typing: Any, a: Any) -> Any:
    """Square root of every entry."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, _VECTOR, f"llvm.sqrt.v{WIDTH}f64", args[0])

    return _vector(_vector), code


@_intrinsic(lambda test, a, b: np.where(test > 0.0, a, b))
def choose(typing: Any, test: Any, a: Any, b: Any) -> Any:
    """Entries of a where those of ``test`` are positive, else of b."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        positive = builder.fcmp_ordered(">", args[0], ir.Constant(_VECTOR, [0.0] * WIDTH))
        return builder.select(positive, args[1], args[2])

    return _vector(_vector, _vector, _vector), code


@_intrinsic(np.min)
def lowest(typing: Any, a: Any) -> Any:
    """Smallest entry."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, ir.DoubleType(), f"llvm.vector.reduce.fmin.v{WIDTH}f64", args[0])

    return types.float64(_vector), code


def _binary(symbol: Any, name: str) -> Callable[..., Any]:
    @_intrinsic(symbol)
    def function(typing: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, name)(args[0], args[1], flags=_FLAGS)

        return _vector(_vector, _vector), code

    return function


def _operator(symbol: Any, function: Any) -> None:
    """Let compiled code write an operation of two vectors with its symbol."""

    @overload(symbol, strict=False)
    def _(a, b):  # type: ignore[no-untyped-def]
        if isinstance(a, _VectorType) and isinstance(b, _VectorType):
            return lambda a, b: function(a, b)
        return None


for _symbol, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_symbol, _binary(_symbol, _name))


def aligned(shape: tuple[int, ...]) -> Real:
    """Uninitialised array that begins at a multiple of 64 bytes, as :func:`load` and :func:`store` demand."""
    size = math.prod(shape)
    raw = np.empty(size + 8)
    address: int = raw.__array_interface__["data"][0]
    first = (-address // 8) % 8
    return raw[first : first + size].reshape(shape)


_own = threading.local()


def scratch(name: str, size: int) -> Real:
    """At least ``size`` aligned doubles: memory of this thread, used again and again.

    Parameters
    ----------
    name
        Who asks: what another name was given stays untouched.
    """
    table: dict[str, Real] = _own.__dict__
    if name not in table or len(table[name]) < size:
        table[name] = aligned((size,))
    return table[name]
