"""Variables of MATLAB files: v5, compressed or not, and v7.3."""

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from eegimg.io._matlab import read_mat


def write_hdf5(path, variables):
    """Write arrays and text as MATLAB 7.3 does."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            text = isinstance(value, str)
            data = (
                np.array([[ord(letter)] for letter in value], np.uint16) if text else np.atleast_2d(value).T
            )
            file.create_dataset(name, data=data).attrs["MATLAB_class"] = np.bytes_(
                "char"
                if text
                else {"float64": "double", "float32": "single"}.get(data.dtype.name, data.dtype.name)
            )
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


WRITERS = {
    "5": scipy.io.savemat,
    "5 compressed": lambda path, variables: scipy.io.savemat(path, variables, do_compression=True),
    "7.3": write_hdf5,
}


@pytest.fixture(params=sorted(WRITERS))
def write(request, tmp_path):
    """Return a function that writes variables in each version."""

    def write(variables):
        WRITERS[request.param](tmp_path / "S1.mat", variables)
        return tmp_path / "S1.mat"

    return write


@pytest.fixture
def older(tmp_path):
    """Return a function that writes variables in version 5."""

    def write(variables):
        scipy.io.savemat(tmp_path / "S1.mat", variables)
        return tmp_path / "S1.mat"

    return write


EEG = np.random.default_rng(0).standard_normal((6, 4, 10))


def test_arrays_numbers_and_text(write):
    labels = np.array([3, 1, 2], np.uint8)
    path = write(
        {"X_3D": EEG, "labels": labels, "Fs": 62.5, "unit": "uV", "single": EEG[0].astype(np.float32)}
    )
    found = read_mat(path, ["X_3D", "labels", "Fs", "unit", "single"])
    assert list(found) == ["X_3D", "labels", "Fs", "unit", "single"]
    np.testing.assert_array_equal(found["X_3D"], EEG)
    np.testing.assert_array_equal(found["labels"], labels)
    assert found["labels"].dtype == np.uint8
    assert found["single"].dtype == np.float32
    assert (found["Fs"], found["unit"]) == (62.5, "uV")


def test_only_what_was_asked_for(write):
    assert list(read_mat(write({"X_3D": EEG, "Fs": 62.5}), ("Fs",))) == ["Fs"]


def test_a_missing_variable(write):
    path = write({"X_3D": EEG, "categoryLabels": np.arange(3)})
    with pytest.raises(ValueError) as caught:
        read_mat(path, ["X_3D", "categorylabels"])
    assert str(caught.value) == (
        "S1.mat lacks the variable 'categorylabels'; it has 'X_3D' and 'categoryLabels'. "
        "Did you mean 'categoryLabels'?"
    )


def test_structs_and_cells(older):
    cells = np.empty(2, object)
    cells[:] = ["Fp1", EEG[0]]
    path = older({"info": {"sfreq": 62.5, "name": "a", "data": EEG[0]}, "cells": cells})
    found = read_mat(path, ["info", "cells"])
    assert (found["info"]["sfreq"], found["info"]["name"], found["cells"][0]) == (62.5, "a", "Fp1")
    np.testing.assert_array_equal(found["info"]["data"], EEG[0])
    np.testing.assert_array_equal(found["cells"][1], EEG[0])


def test_sparse_arrays_are_refused(older):
    path = older({"S": scipy.sparse.csc_array(np.eye(3))})
    with pytest.raises(
        RuntimeError, match="^S1.mat holds 'S' as sparse, which eegimg does not read. Save it in"
    ):
        read_mat(path, ["S"])


@pytest.mark.parametrize("kind", ["function_handle", "string", "table", "containers.Map"])
def test_objects_and_functions_of_matlab_are_refused(tmp_path, kind):
    path = tmp_path / "S1.mat"
    write_hdf5(path, {"f": EEG[0], "X": EEG[0]})
    with h5py.File(path, "r+") as file:
        file["f"].attrs["MATLAB_class"] = np.bytes_(kind)
    with pytest.raises(RuntimeError, match=f"^S1.mat holds 'f' as {kind}, which eegimg does not read"):
        read_mat(path, ["f"])
    np.testing.assert_array_equal(read_mat(path, ["X"])["X"], EEG[0])


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (16, "holds 'f' as function, which eegimg does not read"),
        (3, "holds 'f' as object, which eegimg does not read"),
        (17, "holds a string object, a table or another object of MATLAB's, which eegimg does not read"),
    ],
)
def test_objects_and_functions_before_7_3_are_refused(older, code, sentence):
    path = older({"f": EEG[0], "X": EEG[0]})
    content = bytearray(path.read_bytes())
    # The file's header, the variable's tag and that of its flags; the class is the lowest byte of these.
    assert content[128 + 16] == 6
    content[128 + 16] = code
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=f"^S1.mat {sentence}"):
        read_mat(path, ["f"])


@pytest.mark.parametrize("kind", ["soft", "external", "raw", "virtual", "nested"])
def test_data_in_another_place_is_refused(tmp_path, kind):
    path, other = tmp_path / "S1.mat", tmp_path / "secret.h5"
    with h5py.File(other, "w") as file:
        file["X"] = np.arange(3.0)
    with h5py.File(path, "w") as file:
        if kind == "soft":
            file["X"] = h5py.SoftLink("/Y")
        elif kind == "external":
            file["X"] = h5py.ExternalLink(str(other), "/X")
        elif kind == "nested":
            file.create_group("X")["inner"] = h5py.ExternalLink(str(other), "/X")
        elif kind == "raw":
            file.create_dataset("X", (3,), "f8", external=[(str(other), 0, h5py.h5f.UNLIMITED)])
        else:
            layout = h5py.VirtualLayout((3,), "f8")
            layout[:] = h5py.VirtualSource(str(other), "X", (3,))
            file.create_virtual_dataset("X", layout)
    with pytest.raises(
        RuntimeError, match="^S1.mat takes 'X(/inner)?' from another place. Files of EEG hold their"
    ):
        read_mat(path, ["X"])


def test_a_file_that_ends_early_is_refused_wherever_it_ends(write):
    path = write({"X": EEG})
    whole = path.read_bytes()
    for n_bytes in range(1, len(whole) - 1, 61):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(
            (RuntimeError, ValueError), match="^S1.mat (is damaged or not a .mat file: |lacks the)"
        ):
            read_mat(path, ["X"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<html>", "is a web page, no data"),
        (b"Quota exceeded, try again." * 20, "is damaged or not a .mat file"),
    ],
)
def test_failed_downloads(tmp_path, content, sentence):
    (tmp_path / "S1.mat").write_bytes(content)
    with pytest.raises(RuntimeError, match=f"^S1.mat {sentence}"):
        read_mat(tmp_path / "S1.mat", ["X"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mat 5", "mat 7.3"])
def test_memory(measure, kind):
    numbers = measure(kind)
    assert numbers["file_mb"] > 199
    assert numbers["used_ratio"] <= 1.3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mat 5 compressed", "mat 7.3 compressed"])
def test_a_compressed_file_takes_the_memory_of_its_data(measure, kind):
    numbers = measure(kind)
    assert numbers["used_ratio"] * numbers["file_mb"] <= 1.3 * numbers["data_mb"]
