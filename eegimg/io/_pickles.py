"""Pickles and .npy files of arrays, lists, tables, text and numbers, read without running anything."""

import pickle

import numpy as np

from .._checks import check_option
from ._allowed import ALLOWED, Dtype, Record
from ._opcodes import check_opcodes
from ._refusal import ADVICE, Refusal, check_file, one_sentence, refuse_global

_ATOMS = (str, bytes, bytearray, bool, int, float, complex, type(None), np.generic)


def _find_global(name):
    """Return what stands for a global, or refuse it."""
    return ALLOWED[name] if name in ALLOWED else refuse_global(name)


class _Unpickler(pickle.Unpickler):
    """An unpickler that finds nothing but what is allowed."""

    def find_class(self, module, name):
        return _find_global(f"{module}.{name}")

    def persistent_load(self, pid):
        raise Refusal(f"asks for an object outside of it, {str(pid)[:60]!r}. {ADVICE}")


def plain(value, leaf=None, seen=None):
    """Return containers and arrays as Python's and numpy's own, whatever stood for them while reading.

    ``leaf`` turns an object of another kind into an array or None. What was one object stays one.
    """
    if isinstance(value, _ATOMS):
        return value
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, dict):
        made = seen[id(value)] = {}
        made.update((plain(key, leaf, seen), plain(item, leaf, seen)) for key, item in value.items())
    elif isinstance(value, list):
        made = seen[id(value)] = []
        made.extend(plain(item, leaf, seen) for item in value)
    elif isinstance(value, (tuple, set, frozenset)):
        kind = next(kind for kind in (tuple, set, frozenset) if isinstance(value, kind))
        made = kind([plain(item, leaf, seen) for item in value])
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        items = np.empty(value.size, object)
        made = seen[id(value)] = items.reshape(value.shape)
        for place, item in enumerate(value.ravel()):
            items[place] = plain(item, leaf, seen)
    elif isinstance(value, np.ndarray):
        made = value.view(np.ndarray)
    elif isinstance(value, Dtype):
        made = value.dtype
    elif isinstance(value, Record):
        made = seen[id(value)] = {}
        made.update((name, plain(item, leaf, seen)) for name, item in value.attributes.items())
    else:
        made = leaf(value) if leaf else None
        if made is None:
            raise Refusal(f"holds an object of the type {type(value).__name__!r}. {ADVICE}")
    seen[id(value)] = made
    return made


def read_npy(path):
    """Read a .npy file, be it numbers, a pickle inside, or a bare pickle under that name.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    content : ndarray | dict | object
        Numbers and text as a read-only memory map of the shape and type in the file. Of an array of objects
        its objects in an array of that shape; of one without dimensions, as THINGS-EEG2 is published, the
        object itself, a dict.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RuntimeError
        If the file is damaged, or asks for anything but arrays, plain containers, text and numbers, in a
        sentence that names the global it wanted. Nothing of it is run.

    Notes
    -----
    Numbers stay on disk until they are used. A pickle of protocol 3 to 5 takes the memory of its arrays once.
    """
    path = check_file(path)
    form = np.lib.format
    headers = {(1, 0): form.read_array_header_1_0, (2, 0): form.read_array_header_2_0}
    with one_sentence(path, "a .npy file"), path.open("rb") as stream:
        if stream.read(len(form.MAGIC_PREFIX)) != form.MAGIC_PREFIX:
            stream.seek(0)
            return _load(stream, "latin1")
        stream.seek(0)
        version = form.read_magic(stream)
        # Only the two oldest versions hold pickles.
        if version not in headers or not headers[version](stream)[2].hasobject:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        content = _load(stream, "latin1")
    return content.item() if isinstance(content, np.ndarray) and content.ndim == 0 else content


def read_pickle(path, encoding="bytes"):
    """Read a pickle of arrays, plain containers, text and numbers, Python 2's included.

    Parameters
    ----------
    path : path-like
        The file.
    encoding : 'bytes' | 'latin1' | 'ASCII'
        What a string of Python 2 becomes: bytes as they are, or text. Pickles of Python 3 do not need it.

    Returns
    -------
    content : object
        What was pickled; an OrderedDict becomes a dict.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there is no such encoding.
    RuntimeError
        If the file is damaged, or asks for anything but arrays, plain containers, text and numbers, in a
        sentence that names the global it wanted. Nothing of it is run.

    Notes
    -----
    A pickle of protocol 3 to 5 takes the memory of its arrays once. Protocols 0 to 2, Python 2's included,
    write arrays as text: they take twice the file while it is read, and then the memory of the arrays.
    """
    check_option("encoding", encoding, ("bytes", "latin1", "ASCII"), "read_pickle")
    path = check_file(path)
    with one_sentence(path, "a pickle"), path.open("rb") as stream:
        return _load(stream, encoding)


def _load(stream, encoding):
    """Read the pickle that begins where a stream stands."""
    start = stream.tell()
    check_opcodes(stream, _find_global)
    stream.seek(start)
    return plain(_Unpickler(stream, encoding=encoding).load())
