"""Explicit vectors for compiled loops: types of ``WIDTH`` doubles and of twice as many singles, one k-point per entry.

A product of small matrices is limited by loads and by the bookkeeping of a library call.  With one k-point per entry
of a vector there is no bookkeeping, whatever the size of the matrices, and a tile of the product stays in registers.
LLVM splits the vectors where the machine has shorter ones.

Matrices of as many k-points are stored together, ``(..., row, column, 2, WIDTH)`` doubles: first all real parts of an
element, then all imaginary parts.  Kernels address them by the position of the first number; the type of an array says
which vectors it holds.
"""

import math
import operator
import threading
from collections.abc import Callable
from typing import Any, cast

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

__all__ = [
    "WIDTH",
    "Real",
    "aligned",
    "anywhere",
    "choose",
    "fill",
    "load",
    "lowest",
    "narrow",
    "root",
    "scratch",
    "splat",
    "store",
    "times",
    "width",
]

#: Doubles or singles.
Real = NDArray[Any]

#: Doubles of a vector: one register of AVX-512, else of AVX2 or two of anything shorter.
WIDTH = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4

# A product and a sum may become one instruction, but their order stays.  Of two products in one sum either might: which
# one depends on what was inlined where.  One of them must be made by ``times``.
_FLAGS = ("contract",)
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


class _VectorType(types.Type):
    """Type of a vector in compiled code."""

    def __init__(self, number: Any, count: int) -> None:
        self.number, self.count, self.ir = number, count, ir.VectorType(number, count)
        super().__init__(name=f"Vector{count}")


_vector, _singles = _VectorType(ir.DoubleType(), WIDTH), _VectorType(ir.FloatType(), 2 * WIDTH)


def _held(array: Any) -> _VectorType:
    """Type of the vectors that an array holds."""
    return _singles if array.dtype == types.float32 else _vector


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, kind.ir)  # type: ignore[no-untyped-call]


def _intrinsic(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile to the instruction that the decorated function builds; ``plain`` where compilation is switched off."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return plain if getattr(config, "DISABLE_JIT", False) else cast(Callable[..., Any], intrinsic(function))

    return decorate


def _width(array: Real) -> int:
    return 8 * WIDTH // array.itemsize


def _store(array: Real, index: int, value: Real) -> None:
    array[index : index + len(value)] = value


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any, vector: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


@_intrinsic(_width)
def width(typing: Any, array: Any) -> Any:
    """Entries of the vectors that an array holds: ``WIDTH`` doubles or twice as many singles."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant(types.intp, _held(signature.args[0]).count)

    return types.intp(array), code


@_intrinsic(lambda array, index: array[index : index + _width(array)].copy())
def load(typing: Any, array: Any, index: Any) -> Any:
    """Vector that begins at ``index`` of a one-dimensional array, a multiple of ``WIDTH`` in :func:`scratch`."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.return_type.ir
        value = builder.load(_address(context, builder, signature.args[0], args[0], args[1], kind))
        value.align = 4 if kind == _singles.ir else 8
        return value

    return _held(array)(array, types.intp), code


@_intrinsic(_store)
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a vector at ``index``, see :func:`load`."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[2].ir
        address = _address(context, builder, signature.args[0], args[0], args[1], kind)
        builder.store(args[2], address).align = 4 if kind == _singles.ir else 8
        return context.get_dummy_value()

    return types.none(array, types.intp, _held(array)), code


@_intrinsic(_store)
def narrow(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a vector of doubles as half a vector of singles."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        half = ir.VectorType(ir.FloatType(), WIDTH)
        address = _address(context, builder, signature.args[0], args[0], args[1], half)
        builder.store(builder.fptrunc(args[2], half), address).align = 4
        return context.get_dummy_value()

    return types.none(array, types.intp, _vector), code


def _repeated(builder: Any, kind: _VectorType, x: Any) -> Any:
    nothing, places = ir.Constant(kind.ir, ir.Undefined), ir.VectorType(ir.IntType(32), kind.count)
    first = builder.insert_element(nothing, x, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(places, [0] * kind.count))


@_intrinsic(lambda x: np.full(WIDTH, x))
def splat(typing: Any, x: Any) -> Any:
    """Vector of doubles with a number in every entry."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _repeated(builder, _vector, args[0])

    return _vector(types.float64), code


@_intrinsic(lambda array, x: np.full(_width(array), x, dtype=array.dtype))
def fill(typing: Any, array: Any, x: Any) -> Any:
    """Vector as an array holds, with a number in every entry."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.return_type
        return _repeated(builder, kind, context.cast(builder, args[1], signature.args[1], array.dtype))

    return _held(array)(array, x), code


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


@_intrinsic(lambda test: bool((test > 0.0).any()))
def anywhere(typing: Any, test: Any) -> Any:
    """Whether any entry is positive."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        positive = builder.fcmp_ordered(">", args[0], ir.Constant(_VECTOR, [0.0] * WIDTH))
        bits = builder.bitcast(positive, ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(_vector), code


def _binary(symbol: Any, name: str, flags: tuple[str, ...] = _FLAGS) -> Callable[..., Any]:
    @_intrinsic(symbol)
    def function(typing: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, name)(args[0], args[1], flags=flags)

        return a(a, b), code

    return function


def _operator(symbol: Any, function: Any) -> None:
    """Let compiled code write an operation of two vectors with its symbol."""

    @overload(symbol, strict=False)
    def _(a, b):  # type: ignore[no-untyped-def]
        if isinstance(a, _VectorType) and a == b:
            return lambda a, b: function(a, b)
        return None


for _symbol, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_symbol, _binary(_symbol, _name))

#: Product of two vectors that is rounded before anything is added to it.
times = _binary(operator.mul, "fmul", ())


def aligned(shape: tuple[int, ...], kind: Any = np.float64) -> Any:
    """Uninitialised array that begins at a multiple of 64 bytes, a whole number of vectors."""
    size, item = math.prod(shape), np.dtype(kind).itemsize
    raw = np.empty(size + 64 // item, dtype=kind)
    first = (-_address_of(raw) % 64) // item
    return raw[first : first + size].reshape(shape)


@numba.njit(cache=True)
def _address_of(array: Real) -> int:
    """Where an array begins; several times faster than asking the array for its interface."""
    address: int = array.ctypes.data
    return address


_own = threading.local()


def scratch(name: str, size: int, kind: Any = np.float64) -> Any:
    """At least ``size`` aligned numbers: memory of this thread, used again and again.

    Parameters
    ----------
    name
        Who asks: what another name was given stays untouched.
    """
    table: dict[tuple[str, Any], Real] = _own.__dict__.setdefault("table", {})
    key = name, np.dtype(kind)
    if key not in table or len(table[key]) < size:
        table[key] = aligned((size,), kind)
    return table[key]
