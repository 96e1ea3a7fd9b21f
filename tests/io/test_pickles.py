"""Pickles and .npy files: everything plain comes back, everything else is refused and nothing runs."""

import collections
import io
import pickle
import re

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from eegimg.io._pickles import read_npy, read_pickle

READERS = {"pkl": read_pickle, "npy": read_npy}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return one folder for the many files of a property test."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def read(tmp_path):
    """Return a function that reads bytes as a .pkl."""

    def read(content, **kwargs):
        path = tmp_path / "eeg.pkl"
        path.write_bytes(content)
        return read_pickle(path, **kwargs)

    return read


def dtypes():
    """Every type of number and text that files hold, in both byte orders."""
    numbers = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.unsigned_integer_dtypes()
    more = hnp.floating_dtypes() | hnp.complex_number_dtypes()
    return numbers | more | hnp.unicode_string_dtypes(max_len=5) | hnp.byte_string_dtypes(max_len=5)


def arrays():
    """Arrays of any type, empty and without dimensions too, in C or Fortran order."""
    made = dtypes().flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
    )
    return made | made.map(np.asfortranarray)


def contents():
    """Nested plain containers of arrays, numbers and text."""
    keys = st.text(max_size=5) | st.integers() | st.tuples(st.integers(), st.text(max_size=3))
    scalars = dtypes().flatmap(hnp.from_dtype).filter(lambda value: not isinstance(value, (int, str, bytes)))
    atoms = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | scalars | dtypes()
    )
    return st.recursive(
        atoms | arrays(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(keys, inner, max_size=4)
            | st.lists(inner, max_size=3).map(tuple)
            | st.lists(inner, max_size=3).map(objects)
        ),
        max_leaves=12,
    )


def objects(items):
    """Return an array of objects, one per item."""
    made = np.empty(len(items), object)
    for place, item in enumerate(items):
        made[place] = item
    return made


def assert_same(found, wanted):
    """Compare nested containers by type, shape and value; NaN equals NaN."""
    assert type(found) is type(wanted)
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key, item in wanted.items():
            assert_same(found[key], item)
    elif isinstance(wanted, (list, tuple)):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
    elif isinstance(wanted, np.ndarray) and wanted.dtype.hasobject:
        assert found.shape == wanted.shape
        assert_same(list(found.ravel()), list(wanted.ravel()))
    elif isinstance(wanted, (np.ndarray, np.generic)):
        # numpy's own pickles come back in this machine's byte order.
        assert found.dtype.newbyteorder("=") == wanted.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, wanted)
    else:
        assert found == wanted or found != found


@settings(deadline=None, max_examples=150)
@given(
    content=contents(), protocol=st.integers(0, pickle.HIGHEST_PROTOCOL), name=st.sampled_from(["pkl", "npy"])
)
def test_plain_content_comes_back_in_every_protocol(folder, content, protocol, name):
    path = folder / f"eeg.{name}"
    path.write_bytes(pickle.dumps(content, protocol))
    assert_same(READERS[name](path), content)


@settings(deadline=None, max_examples=50)
@given(content=contents())
def test_an_array_of_one_object_gives_the_object(folder, content):
    holder = np.empty((), object)
    holder[()] = content if not isinstance(content, (list, tuple, np.ndarray)) else {"content": content}
    np.save(folder / "eeg.npy", holder, allow_pickle=True)
    assert_same(read_npy(folder / "eeg.npy"), holder.item())


@settings(deadline=None, max_examples=50)
@given(wanted=arrays())
def test_numbers_stay_on_disk(folder, wanted):
    np.save(folder / "eeg.npy", wanted)
    found = read_npy(folder / "eeg.npy")
    assert isinstance(found, np.memmap)
    assert not found.flags.writeable
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_array_equal(found, wanted)


def test_an_array_of_several_objects_keeps_its_shape(tmp_path):
    wanted = objects([np.arange(2), "a", None, {"b": np.float32(1)}]).reshape(2, 2)
    np.save(tmp_path / "eeg.npy", wanted, allow_pickle=True)
    assert_same(read_npy(tmp_path / "eeg.npy"), wanted)


def test_what_is_one_object_stays_one_and_cycles_end(read):
    shared = np.arange(3)
    content = [shared, {"same": shared}]
    content.append(content)
    found = read(pickle.dumps(content, 4))
    assert found[0] is found[1]["same"]
    assert found[2] is found


def test_references_to_references_take_no_time(read):
    content = [0]
    for _ in range(200):
        content = [content, content]
    found = read(pickle.dumps(content, 4))
    for _ in range(200):
        assert found[0] is found[1]
        found = found[0]
    assert found == [0]


def test_an_ordered_dict_becomes_a_dict(read):
    found = read(pickle.dumps(collections.OrderedDict(b=1, a=np.arange(2)), 2))
    assert type(found) is dict
    assert list(found) == ["b", "a"]


def test_names_of_numpy_before_2(read):
    new = pickle.dumps({"eeg": np.arange(4.0), "n": np.int16(3)}, 2)
    assert new.count(b"numpy._core") == 2
    assert_same(read(new.replace(b"numpy._core", b"numpy.core")), {"eeg": np.arange(4.0), "n": np.int16(3)})


def python2_pickle():
    """Return what Python 2 writes for {'x': numpy.array([1., -2.]), 'n': numpy.int16(-2)} in protocol 2."""
    dtype = b"cnumpy\ndtype\nU\x02%bK\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    values = np.array([1.0, -2.0]).tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85"
        + dtype % b"f8"
        + b"\x89U"
        + bytes([len(values)])
        + values
        + b"tb"
    )
    number = b"cnumpy.core.multiarray\nscalar\n" + dtype % b"i2" + b"U\x02\xfe\xff\x86R"
    return b"\x80\x02}(U\x01x" + array + b"U\x01n" + number + b"u."


@pytest.mark.parametrize(("encoding", "keys"), [("bytes", [b"x", b"n"]), ("latin1", ["x", "n"])])
def test_python_2(read, encoding, keys):
    found = read(python2_pickle(), encoding=encoding)
    assert list(found) == keys
    assert_same(list(found.values()), [np.array([1.0, -2.0]), np.int16(-2)])


def test_python_2_as_ascii_is_refused(read):
    with pytest.raises(
        RuntimeError, match=r"^eeg.pkl is damaged or not a pickle: 'ascii' codec can't decode"
    ):
        read(python2_pickle(), encoding="ASCII")


def test_an_unknown_encoding_is_refused(read):
    with pytest.raises(
        ValueError, match=r"must be 'bytes' or 'latin1' or 'ASCII'. Got 'latin' instead. Did you"
    ):
        read(b"N.", encoding="latin")


@pytest.mark.parametrize("kind", ["pkl", "npy", "bare"])
def test_nothing_runs(kind, attack, wrap, tmp_path):
    payload, name, marker = attack
    path = tmp_path / ("eeg.pkl" if kind == "pkl" else "eeg.npy")
    path.write_bytes(wrap["npy" if kind == "npy" else "bare"](payload))
    with pytest.raises(
        RuntimeError, match=f"^{path.name} asks for the global '{re.escape(name)}', which eegimg"
    ):
        (read_pickle if kind == "pkl" else read_npy)(path)
    assert not marker.exists()


def test_the_attacks_are_real(attack):
    payload, name, marker = attack
    if name.startswith("torch"):
        pytest.importorskip("torch")
    process = pickle.loads(payload)
    if hasattr(process, "wait"):
        process.wait()
    assert marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "_reconstruct.__globals__",
        "_reconstruct.__class__",
        "_reconstruct._run.__globals__",
        "_reconstruct.__init__.__globals__",
    ],
)
def test_no_attribute_can_be_reached(read, name):
    module = b"numpy.core.multiarray"
    texts = b"".join(b"\x8c" + bytes([len(text)]) + text for text in (module, name.encode()))
    with pytest.raises(
        RuntimeError, match=f"asks for the global 'numpy.core.multiarray.{re.escape(name)}', which"
    ):
        read(b"\x80\x04" + texts + b"\x93.")


def test_names_that_hide_in_the_memo_are_refused_too(read, tmp_path):
    names = b"\x8c\x05posix\x94\x8c\x06system\x940" + b"0h\x00h\x01\x93"
    content = b"\x80\x04" + names + pickle.dumps((f"touch {tmp_path / 'marker'}",), 3)[2:-1] + b"R."
    with pytest.raises(RuntimeError, match="asks for the global 'posix.system', which eegimg does not run"):
        read(content)
    assert not (tmp_path / "marker").exists()
    pickle.loads(content)
    assert (tmp_path / "marker").exists()


def test_an_extension_code_is_refused(read, extension_code, tmp_path):
    content = (
        b"\x80\x02\x82" + bytes([extension_code]) + pickle.dumps((f"touch {tmp_path / 'marker'}",), 2)[2:-1]
    )
    pickle.loads(content + b"R.")  # from now on Python finds it without asking for its name
    (tmp_path / "marker").unlink()
    with pytest.raises(RuntimeError, match="asks for the extension code 77, which eegimg does not run"):
        read(content + b"R.")
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("content", [b"Pelsewhere\n.", b"\x80\x02X\x09\x00\x00\x00elsewhereQ."])
def test_an_object_outside_the_file_is_refused(read, content):
    with pytest.raises(RuntimeError, match="eeg.pkl asks for an object outside of it, 'elsewhere'"):
        read(content)


def test_a_bomb_of_memory_numbers_is_refused(read):
    with pytest.raises(RuntimeError, match="refers to an object number 4294967295 that it does not have"):
        read(b"\x80\x02Nr\xff\xff\xff\xff.")


@pytest.mark.parametrize(
    "content", [b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.", b"\x80\x04\x95" + b"\xff" * 7 + b"\x7fN."]
)
def test_more_bytes_than_there_are_is_refused(read, content):
    with pytest.raises(
        RuntimeError, match="^eeg.pkl (is damaged or not a pickle|asks for more memory than there is)"
    ):
        read(content)


@pytest.mark.parametrize(
    "nest",
    [
        b"]" * 100_000 + b"a" * 99_999,
        b")" + b"\x85" * 1_000_000,
        # As a key: Python would hash it to its depth, and crash.
        b"})" + b"\x85" * 1_000_000 + b"Ns",
        b"})" + b"N\x86" * 1_000_000 + b"Ns",
        b"})" + b"q\x000(h\x00t" * 1_000_000 + b"Ns",
    ],
    ids=["lists", "tuples", "key", "key of pairs", "key from the memo"],
)
def test_deep_nesting_is_refused(read, nest):
    with pytest.raises(RuntimeError, match="^eeg.pkl is nested too deeply to be a file of EEG"):
        read(b"\x80\x02" + nest + b".")


@pytest.mark.parametrize("name", ["pkl", "npy"])
def test_a_file_that_ends_early_is_refused_wherever_it_ends(tmp_path, name):
    path = tmp_path / f"eeg.{name}"
    whole = pickle.dumps({"eeg": np.arange(50.0), "label": [1, "a", np.int8(2)]}, 4)
    for n_bytes in range(1, len(whole)):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(RuntimeError, match=f"^{path.name} is damaged or not"):
            READERS[name](path)


def test_a_npy_that_ends_early_is_refused_wherever_it_ends(tmp_path):
    path = tmp_path / "eeg.npy"
    stream = io.BytesIO()
    np.save(stream, np.arange(50.0))
    for n_bytes in range(1, len(stream.getvalue())):
        path.write_bytes(stream.getvalue()[:n_bytes])
        with pytest.raises(RuntimeError, match="^eeg.npy is damaged or not"):
            read_npy(path)


def test_a_npy_of_more_than_the_file_is_refused(tmp_path):
    with (tmp_path / "eeg.npy").open("wb") as stream:
        header = {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2)}
        np.lib.format.write_array_header_1_0(stream, header)
    with pytest.raises(RuntimeError, match="^eeg.npy is damaged or not a .npy file: mmap length is greater"):
        read_npy(tmp_path / "eeg.npy")


def sentence_of(reader, path):
    """Return how a file was refused, or that it was read."""
    try:
        reader(path)
    except RuntimeError as err:
        return str(err)
    return f"{path.name} was read"


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_no_damage_gets_past_the_sentence(folder, data):
    path = folder / "eeg.pkl"
    whole = bytearray(
        pickle.dumps(
            [np.arange(5.0), np.array(["a", None], object), {"b": np.int8(2)}], data.draw(st.integers(0, 5))
        )
    )
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    assert sentence_of(read_pickle, path).startswith("eeg.pkl ")


@settings(deadline=None, max_examples=200)
@given(content=st.binary(min_size=1, max_size=60))
@pytest.mark.parametrize("name", ["pkl", "npy"])
def test_no_bytes_get_past_the_sentence(folder, name, content):
    path = folder / f"eeg.{name}"
    path.write_bytes(content)
    assert sentence_of(READERS[name], path).startswith(f"{path.name} ")


@pytest.mark.parametrize("name", ["pkl", "npy"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty: the download failed. Download it again."),
        (b"\n<!DOCTYPE html><html>", "is a web page, no data: the download failed. Download it again."),
        (b"version https://git-lfs.github.com/spec/v1\noid", "is only a pointer to a file in Git LFS."),
        (b"Quota exceeded, try again.", "is damaged or not a"),
        (b"PK\x03\x04" + b"\x00" * 40, "is damaged or not a"),
    ],
)
def test_failed_downloads(tmp_path, name, content, sentence):
    path = tmp_path / f"eeg.{name}"
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=f"^{path.name} {re.escape(sentence)}"):
        READERS[name](path)


def test_long_lists_and_tuples_are_not_deep(read):
    content = {
        "list": list(range(5000)),
        "tuples": [(n, (n,)) for n in range(5000)],
        (1, (2, (3,))): tuple(range(5000)),
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert read(pickle.dumps(content, protocol)) == content


def test_a_missing_file(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"^The file .*none.npy was to be read; there is no such file.$"
    ):
        read_npy(tmp_path / "none.npy")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        read_pickle(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["npy", "npy with a pickle", *(f"pickle {n} named npy" for n in (3, 4, 5))])
def test_memory(measure, kind):
    numbers = measure(kind)
    assert numbers["file_mb"] > 199
    assert numbers["used_ratio"] <= 1.3
    assert numbers["read_ratio"] <= (0.1 if kind == "npy" else 1.3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pickle 2", "pickle of Python 2"])
def test_arrays_written_as_text_take_twice_the_file(measure, kind):
    assert 1.3 < measure(kind)["used_ratio"] <= 2.1
