"""Named variables of MATLAB files, v5 to v7.3, without anything that MATLAB would have to run."""

from .._checks import listing, suggest
from ._pickles import plain
from ._refusal import Refusal, check_file, one_sentence

_NUMBERS = set("double single int8 uint8 int16 uint16 int32 uint32 int64 uint64 logical char".split())
# Arrays of an HDF5 file that MATLAB has not written have no class.
_READABLE = _NUMBERS | {"cell", "struct", "canonical empty", "no class"}


def read_mat(path, variables):
    """Read some variables of a MATLAB file.

    Parameters
    ----------
    path : path-like
        The file, of any version from 5 to 7.3.
    variables : iterable of str
        The variables to read; no other is touched.

    Returns
    -------
    content : dict
        Each variable by its name: arrays in MATLAB's shape less its dimensions of length 1, single numbers as
        numbers, text as str, structs as dict and cells as list.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file does not have one of the variables.
    RuntimeError
        If the file is damaged, a variable is an object or a function of MATLAB's, or lies in another file.
        Before version 7.3 an object anywhere in the file is enough.

    Notes
    -----
    Numbers take the memory of the variable once, whether or not the file is compressed; in a struct or cell
    of version 5 they take it twice.
    """
    import h5py

    path, variables = check_file(path), list(variables)
    with one_sentence(path, "a .mat file"):
        is_hdf5 = h5py.is_hdf5(path)
        kinds = _list_hdf5(path) if is_hdf5 else _list_older(path)
    missing = [name for name in variables if name not in kinds]
    if missing:
        raise ValueError(
            f"{path.name} lacks the {'variable' if len(missing) == 1 else 'variables'} {listing(missing)}; "
            f"it has {listing(kinds, 20)}.{suggest(missing[0], kinds)}"
        )
    with one_sentence(path, "a .mat file"):
        for name in variables:
            if kinds[name] not in _READABLE:
                raise Refusal(
                    f"holds {name!r} as {kinds[name]}, which eegimg does not read. Save it in MATLAB as an "
                    "array, a cell or a struct."
                )
        numbers_only = not is_hdf5 and {kinds[name] for name in variables} <= _NUMBERS
        content = (_read_numbers if numbers_only else _read_any)(path, variables)
        return {name: plain(content[name]) for name in variables}


def _read_numbers(path, variables):
    """Read a file before v7.3 with scipy alone: pymatreader copies each array once more."""
    import scipy.io

    return scipy.io.loadmat(path, variable_names=variables, squeeze_me=True)


def _read_any(path, variables):
    import pymatreader

    return pymatreader.read_mat(path, variable_names=variables)


def _list_older(path):
    """Return MATLAB's class of each variable of a file before v7.3."""
    import scipy.io

    try:
        return {name: kind for name, _, kind in scipy.io.whosmat(path)}
    except TypeError as err:
        # So far scipy cannot list a file with one of these.
        raise Refusal(
            "holds a string object, a table or another object of MATLAB's, which eegimg does not read. Save "
            "it in MATLAB without."
        ) from err


def _list_hdf5(path):
    """Return MATLAB's class of each variable of a v7.3 file that has everything in itself."""
    import h5py

    def points_outside(name, link):
        return None if isinstance(link, h5py.HardLink) else name

    def lies_outside(name, item):
        return name if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual) else None

    with h5py.File(path, "r") as file:
        outside = file.visititems_links(points_outside) or file.visititems(lies_outside)
        if outside:
            raise Refusal(f"takes {outside!r} from another place. Files of EEG hold their data themselves.")
        classes = {name: file[name].attrs.get("MATLAB_class", b"no class") for name in file if name[0] != "#"}
    return {name: kind.decode() if isinstance(kind, bytes) else str(kind) for name, kind in classes.items()}
