"""Arrays, types and calls as no pickler writes them, and attempts to alter what a file may call."""

import pickle

import numpy as np
import pytest

from eegimg.io._allowed import ALLOWED
from eegimg.io._pickles import read_pickle


@pytest.fixture
def read(tmp_path):
    """Return a function that reads bytes as a .pkl."""

    def read(content):
        path = tmp_path / "eeg.pkl"
        path.write_bytes(content)
        return read_pickle(path)

    return read


class Forged:
    """Pickles as an array, a type or a call with whatever arguments and state."""

    def __init__(self, run, args, state=None):
        self.reduced = (run, args) if state is None else (run, args, state)

    def __reduce__(self):
        return self.reduced


def forged_array(shape, dtype, values, kind=np.ndarray):
    return Forged(np._core.multiarray._reconstruct, (kind, (0,), b"b"), (1, shape, dtype, False, values))


OBJECTS = Forged(np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 63))
NO_FLAGS = Forged(np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0))
FAR = {"a": (np.dtype("f8"), 10**9)}
FIELDS = Forged(np.dtype, ("V8", False, True), (3, "|", None, ("a",), FAR, 8, 1, 0))
FIELDS_OF_F8 = Forged(np.dtype, ("f8", False, True), (3, "<", None, ("a",), FAR, 8, 1, 0))
METADATA = Forged(np.dtype, ("f8", False, True), (4, "<", None, None, None, -1, -1, 0, {"a": 1}))
DTYPE, FROMBUFFER, SCALAR = np.dtype, np._core.numeric._frombuffer, np._core.multiarray.scalar
ENCODE = __import__("_codecs").encode


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            forged_array((2**40,), np.dtype("f8"), b"1" * 8),
            "holds an array of shape .* without the values for it",
        ),
        (forged_array((2**62, 2**62), np.dtype("f8"), b""), "holds an array of shape .* without the values"),
        (forged_array((-1,), np.dtype("f8"), b""), "holds an array of the impossible shape"),
        (forged_array((1.5,), np.dtype("f8"), b""), "holds an array of the impossible shape"),
        (forged_array([1], np.dtype("f8"), b"1" * 8), "describes an array by something else"),
        (forged_array((1,), np.dtype("f8"), [1.0]), "holds an array of shape .* without the values"),
        (forged_array((1,), OBJECTS, b"1" * 8), "holds an array of shape .* without the values"),
        (forged_array((1,), NO_FLAGS, b"1" * 8), "holds an array of shape .* without the values"),
        (forged_array((2,), OBJECTS, [1]), "holds an array of shape .* without the values"),
        (forged_array((1,), FIELDS, b"1" * 8), "holds an array of the type 'V8'"),
        (forged_array((1,), FIELDS_OF_F8, b"1" * 8), "holds a table of mixed types"),
        (forged_array((1,), METADATA, b"1" * 8), "holds a table of mixed types"),
        (forged_array((1,), "f8", b"1" * 8), "describes an array by something else"),
        (
            forged_array((1,), np.dtype("f8"), b"1" * 8, kind=dict),
            r"asks for the global '(builtins|__builtin__).dict'",
        ),
        (np.zeros(2, "f8,O"), "holds an array of the type 'V16'"),
        (np.zeros(2, "M8[s]"), "holds an array of the type 'M8'"),
        (Forged(DTYPE, ("O,f8",)), "holds an array of the type 'O,f8'"),
        (Forged(DTYPE, ({"names": ["a"], "formats": ["O"]},)), "holds an array of the type"),
        (Forged(DTYPE, ("S999999999999",)), "holds an array of the type"),
        (Forged(np.ndarray, ((2**40,),)), "is damaged or not a pickle"),
        (Forged(FROMBUFFER, (b"1" * 8, OBJECTS, (1,), "C")), "holds an array of shape .* without the values"),
        (
            Forged(FROMBUFFER, (b"1" * 8, np.dtype("f8"), (2,), "C")),
            "holds an array of shape .* without the values",
        ),
        (Forged(FROMBUFFER, (np.zeros(8, "u1"), np.dtype("f8"), (1,), "C")), "holds an array of shape"),
        (Forged(SCALAR, (OBJECTS, b"1" * 8)), "holds a number of object without its value"),
        (Forged(SCALAR, (np.dtype("f8"), b"1")), "holds a number of float64 without its value"),
        (Forged(ENCODE, ("a", "zlib_codec")), "asks for another use of the global '_codecs.encode'"),
        (Forged(ENCODE, (b"a", "latin1")), "asks for another use of the global '_codecs.encode'"),
        ({1: Forged(DTYPE, ("f8",), ())}, "is damaged or not a pickle"),
        ([ENCODE], "holds an object of the type '_Call'"),
        (np.ma.zeros(2), "asks for the global 'numpy.ma"),
        (1j, "asks for the global '(__builtin__|builtins).complex'"),
    ],
)
def test_forged_arguments_are_refused(read, content, sentence, protocol):
    with pytest.raises(RuntimeError, match=f"^eeg.pkl {sentence}"):
        read(pickle.dumps(content, protocol))


@pytest.mark.parametrize("name", ["numpy.core.multiarray\n_reconstruct", "numpy\nndarray", "numpy\ndtype"])
@pytest.mark.parametrize(
    "state", [(None, {"_run": 1, "__setstate__": 1}), {"dtype": 1, "__doc__": "altered"}]
)
def test_what_a_file_may_call_cannot_be_altered(read, name, state):
    key = name.replace("\n", ".")
    before = {
        part: getattr(ALLOWED[key], part, None) for part in ("_run", "__setstate__", "dtype", "__doc__")
    }
    with pytest.raises(RuntimeError, match="tries to alter a function|is damaged or not a pickle"):
        read(b"\x80\x02c" + name.encode() + b"\n" + pickle.dumps(state, 2)[2:-1] + b"b.")
    assert {part: getattr(ALLOWED[key], part, None) for part in before} == before
