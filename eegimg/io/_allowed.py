"""What a pickle may name, and what it gets instead: stand-ins that check before numpy sees anything."""

import math
import re
import reprlib

import numpy as np

from ._refusal import ADVICE, Refusal


class _Call:
    """A function that a file may call and cannot alter: a pickle could set attributes of a plain one."""

    __slots__ = ("_run",)

    def __init__(self, run):
        self._run = run

    def __call__(self, *args):
        return self._run(*args)

    def __setstate__(self, state):
        raise Refusal(f"tries to alter a function. {ADVICE}")


class Dtype:
    """Stands for ``numpy.dtype`` until all is read: numpy's own takes any flags and sizes from a file."""

    __slots__ = ("dtype",)

    def __init__(self, name, align=False, copy=False):
        text = name.decode("ascii") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not re.fullmatch(r"[biufcSUO]\d{1,9}", text):
            raise Refusal(
                f"holds an array of the type {reprlib.repr(name)}; eegimg reads numbers and text. {ADVICE}"
            )
        self.dtype = np.dtype("O" if text[0] == "O" else text)

    def __setstate__(self, state):
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        mixed = any(part is not None for part in state[2:5]) or len(state) > 8
        if mixed or order not in ("<", ">", "|", "="):
            raise Refusal(f"holds a table of mixed types; eegimg reads numbers and text. {ADVICE}")
        self.dtype = self.dtype.newbyteorder(order)


class Array(np.ndarray):
    """Stands for ``numpy.ndarray`` until all is read, and checks a size and type before numpy sees them."""

    def __new__(cls):
        return super().__new__(cls, (0,), np.int8)

    def __setstate__(self, state):
        version, shape, kind, fortran, values = state
        values = values.encode("latin1") if isinstance(values, str) else values
        dtype, n_values = _check_shape(shape, kind)
        wanted, size = (list, n_values) if dtype.hasobject else (bytes, n_values * dtype.itemsize)
        if not isinstance(values, wanted) or len(values) != size:
            raise Refusal(
                f"holds an array of shape {reprlib.repr(shape)} without the values for it. It is damaged."
            )
        super().__setstate__((version, shape, dtype, bool(fortran), values))


class Record:
    """Stands for an object of any class: its attributes, and nothing that the class could do with them."""

    __slots__ = ("attributes",)

    def __new__(cls):
        made = super().__new__(cls)
        made.attributes = {}
        return made

    def __setstate__(self, state):
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise Refusal(f"holds an object that is no plain record of attributes. {ADVICE}")
        self.attributes = state


def _check_shape(shape, kind):
    """Return the dtype of an array and how many values it has."""
    if not isinstance(kind, Dtype) or not isinstance(shape, tuple):
        raise Refusal("describes an array by something else than a shape and a type. It is damaged.")
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise Refusal(f"holds an array of the impossible shape {reprlib.repr(shape)}. It is damaged.")
    return kind.dtype, math.prod(shape)


def _reconstruct(kind, *_):
    if kind is not Array:
        raise Refusal(f"asks for an array that is none of numpy's. {ADVICE}")
    return Array()


def _scalar(kind, value):
    values = value.encode("latin1") if isinstance(value, str) else value
    dtype, _ = _check_shape((), kind)
    if dtype.hasobject or not isinstance(values, bytes) or len(values) != dtype.itemsize:
        raise Refusal(f"holds a number of {dtype.name} without its value. It is damaged.")
    return np.ndarray((), dtype, values)[()]


def _frombuffer(values, kind, shape, order, axis_order=None):
    dtype, n_values = _check_shape(shape, kind)
    if not isinstance(values, (bytes, bytearray)) or dtype.hasobject or not isinstance(order, str):
        raise Refusal(
            f"holds an array of shape {reprlib.repr(shape)} without the values for it. It is damaged."
        )
    if n_values * dtype.itemsize != len(values):
        raise Refusal(
            f"holds an array of shape {reprlib.repr(shape)} without the values for it. It is damaged."
        )
    if axis_order is not None:
        return np.ndarray(shape, dtype, values).transpose(axis_order)
    return np.ndarray(shape, dtype, values, order="F" if order == "F" else "C")


def _encode(text, encoding):
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Refusal(f"asks for another use of the global '_codecs.encode' than bytes as text. {ADVICE}")
    return text.encode("latin1")


# All that a file may name, and what it gets: nothing here can be altered by a pickle or reaches further.
ALLOWED = {
    **{
        f"numpy.{core}.{name}": _Call(run)
        for core in ("core", "_core")
        for name, run in (
            ("multiarray._reconstruct", _reconstruct),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _frombuffer),
        )
    },
    "numpy.ndarray": Array,
    "numpy.dtype": Dtype,
    "collections.OrderedDict": dict,
    "_codecs.encode": _Call(_encode),
    # Protocol 2 writes the values of an array without any as bytes().
    "__builtin__.bytes": _Call(lambda: b""),
    "builtins.bytes": _Call(lambda: b""),
}
