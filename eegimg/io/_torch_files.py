"""Files of torch.save, read into plain containers of numpy arrays without running anything in them."""

import pickle
import zipfile

from .._optional import require
from ._allowed import ALLOWED, Record
from ._opcodes import check_opcodes
from ._pickles import plain
from ._refusal import Refusal, check_file, one_sentence, refuse_global

_STORAGES = "Bool Byte Char Short Int Long Half Float Double ComplexFloat ComplexDouble".split()
# Fewer than torch allows itself: what a dense tensor of a type that numpy has is made of.
_ALLOWED_IN_TORCH = {
    *ALLOWED,
    "torch.Size",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    *(f"torch.{name}Storage" for name in _STORAGES),
}
_NO_ARRAY = {
    "torch.BFloat16Storage": "bfloat16",
    "torch._utils._rebuild_sparse_tensor": "sparse",
    "torch._utils._rebuild_qtensor": "quantized",
}
# A legacy file: a magic number, a version, the machine, the object, and the keys of the storages that follow.
_LEGACY_PICKLES = 5


def read_torch(path, records=()):
    """Read a file of torch.save with its tensors as numpy arrays.

    Parameters
    ----------
    path : path-like
        The file, in the zip format of torch 1.6 and later or the one before.
    records : sequence of str
        Modules whose objects are read as dicts of their attributes, such as "config" for settings that were
        saved with a network. The module is not imported, and no class of that name is made.

    Returns
    -------
    content : object
        What was saved: dict, list, tuple, text and numbers, every tensor an ndarray of its shape and type,
        every object of a module of ``records`` a dict.

    Raises
    ------
    ImportError
        If torch is not installed.
    FileNotFoundError
        If there is no such file.
    RuntimeError
        If the file is damaged, has tensors that numpy does not know (bfloat16, sparse, quantized), or asks
        for anything but tensors, numpy arrays, plain containers, text and numbers, in a sentence that names
        the global it wanted. Nothing of it is run.

    Notes
    -----
    The tensors of a zip stay on disk until they are used: the file is mapped, and what is written to an array
    stays in memory. Those of a legacy file take their memory once.
    """
    path = check_file(path)
    torch = require("torch", f"Reading {path.name}", "models")
    size = path.stat().st_size

    def as_array(value):
        return _as_array(value, size) if isinstance(value, torch.Tensor) else None

    with one_sentence(path, "a file of torch.save"):
        is_zip, found = _check_content(path, tuple(records))
        stand_ins = [(stand_in, name) for name, stand_in in [*ALLOWED.items(), *found.items()]]
        try:
            with torch.serialization.safe_globals(stand_ins):
                content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
        except pickle.UnpicklingError as err:
            # The rest of torch's text advises to let the file run.
            reason = str(err).rpartition("WeightsUnpickler error:")[2]
            raise ValueError(reason.strip().partition("\n")[0]) from err
        return plain(content, as_array)


def _check_content(path, records):
    """Refuse a file for what it asks for before torch sees it; tell whether it is a zip, and its records."""
    found = {}

    def check_global(name):
        if name.rpartition(".")[0] in records:
            found[name] = Record
        else:
            _check_global(name)

    with path.open("rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            stream.seek(0)
            for _ in range(_LEGACY_PICKLES):
                _check_pickle(stream, check_global)
            return False, found
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename.partition("/")[2]: info for info in archive.infolist()}
        # Of two entries of one name torch could read the other; constants are those of a compiled model.
        twice = len(entries) < len(archive.infolist())
        if twice or "data.pkl" not in entries or "constants.pkl" in entries:
            raise Refusal("is a zip that torch.save did not write. Unpack it, or name the .pth file.")
        # As torch writes them; it is also what can be mapped, and no bomb.
        if any(info.compress_type != zipfile.ZIP_STORED for info in entries.values()):
            raise Refusal("has been compressed since torch.save wrote it. Download it again.")
        with archive.open(entries["data.pkl"]) as stream:
            _check_pickle(stream, check_global)
    return True, found


def _check_pickle(stream, check_global):
    """Refuse one pickle that torch cannot read without running it."""
    protocol = check_opcodes(stream, check_global)
    if protocol != 2:
        raise Refusal(
            f"has a pickle of protocol {protocol}, which torch reads only by running it. Save it with "
            "torch.save(..., pickle_protocol=2), or name a file of torch.save."
        )


def _check_global(name):
    """Refuse what dense tensors, numpy arrays and plain containers do not need."""
    if name in _NO_ARRAY:
        raise Refusal(
            f"holds a {_NO_ARRAY[name]} tensor, which numpy does not have. Save it as dense float32."
        )
    if name not in _ALLOWED_IN_TORCH:
        refuse_global(name)


def _as_array(tensor, size):
    """Return a tensor as an array on the same memory."""
    array = tensor.numpy(force=True)
    if array.nbytes > size:
        raise Refusal(f"holds a tensor of shape {array.shape}, larger than the file. It is damaged.")
    return array
