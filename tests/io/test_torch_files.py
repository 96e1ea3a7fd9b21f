"""Files of torch.save: tensors become arrays on the file's memory, and nothing in a file runs."""

import collections
import io
import os
import re
import sys
import types
import zipfile

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from eegimg.io._torch_files import read_torch

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
FORMATS = {"zip": True, "legacy": False}
DTYPES = "bool uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128".split()


@pytest.fixture(params=sorted(FORMATS))
def save(request, tmp_path):
    """Return a function that saves with torch, in each of its formats."""

    def save(content):
        path = tmp_path / "eeg.pth"
        torch.save(content, path, _use_new_zipfile_serialization=FORMATS[request.param])
        return path

    return save


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return one folder for the many files of a property test."""
    return tmp_path_factory.mktemp("files")


def as_torch(content):
    """Replace every array of a type that torch has by a tensor."""
    if isinstance(content, dict):
        return {key: as_torch(item) for key, item in content.items()}
    if isinstance(content, (list, tuple)):
        return type(content)(as_torch(item) for item in content)
    return torch.from_numpy(content) if isinstance(content, np.ndarray) else content


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
    elif isinstance(wanted, np.ndarray):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    else:
        assert found == wanted or found != found


def contents():
    """Nested plain containers of arrays that torch has a type for."""
    arrays = st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
    )
    atoms = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text()
    return st.recursive(
        atoms | arrays,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=5) | st.integers(-5, 5), inner, max_size=4)
            | st.lists(inner, max_size=3).map(tuple)
        ),
        max_leaves=10,
    )


@settings(deadline=None, max_examples=100)
@given(content=contents(), new=st.booleans())
def test_plain_content_comes_back(folder, content, new):
    torch.save(as_torch(content), folder / "eeg.pth", _use_new_zipfile_serialization=new)
    assert_same(read_torch(folder / "eeg.pth"), content)


def test_the_published_shape(save):
    eeg = [np.random.default_rng(n).standard_normal((128, 500 + n)).astype(np.float32) for n in range(20)]
    items = [
        {"eeg": torch.from_numpy(x), "image": n, "label": n % 4, "subject": 1} for n, x in enumerate(eeg)
    ]
    content = {
        "dataset": items,
        "labels": ["n02106662"],
        "means": torch.zeros(128),
        "stddevs": [torch.ones(128, 1)],
    }
    found = read_torch(save(content))
    assert_same([item["eeg"] for item in found["dataset"]], eeg)
    assert_same(found["stddevs"], [np.ones((128, 1), np.float32)])
    assert [item["label"] for item in found["dataset"][:5]] == [0, 1, 2, 3, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_types_and_strides(save, dtype):
    wanted = np.arange(24).reshape(4, 6).astype(dtype)
    tensor = torch.from_numpy(wanted)
    found = read_torch(
        save([tensor, tensor.T, tensor[1:3, ::2], torch.nn.Parameter(tensor, requires_grad=False)])
    )
    assert_same(found, [wanted, wanted.T, wanted[1:3, ::2], wanted])


def test_conjugates_and_gradients(save):
    tensor = torch.tensor([1 + 2j, 3 - 1j])
    weight = torch.nn.Parameter(torch.ones(2))
    assert_same(read_torch(save([tensor.conj(), weight])), [tensor.numpy().conj(), np.ones(2, np.float32)])


def test_numpy_inside(save):
    wanted = {
        "times": np.linspace(-0.2, 0.8, 5),
        "sfreq": np.float64(1000),
        "names": np.array(["Fp1", "O2"]),
        "dtype": np.dtype("f4"),
        "empty": np.zeros((0, 3), np.int16),
        "objects": np.array(["a", None], dtype=object),
        "bytes": b"\xff\x00",
    }
    found = read_torch(
        save(wanted | {"state": collections.OrderedDict(weight=torch.ones(2), size=torch.Size([3, 4]))})
    )
    assert type(found["state"]) is dict
    assert_same(found.pop("state"), {"weight": np.ones(2, np.float32), "size": (3, 4)})
    np.testing.assert_array_equal(found.pop("objects"), wanted.pop("objects"))
    assert_same({**found, "sfreq": found["sfreq"].item()}, {**wanted, "sfreq": 1000.0})
    assert type(found["sfreq"]) is np.float64


def test_numpy_of_before_2(save):
    path = save({"times": np.arange(3.0)})
    content = path.read_bytes()
    if content[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            parts = {info.filename: archive.read(info) for info in archive.infolist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part.replace(b"numpy._core", b"numpy.core"))
    else:
        path.write_bytes(content.replace(b"numpy._core", b"numpy.core"))
    assert b"numpy.core" in path.read_bytes()
    assert_same(read_torch(path), {"times": np.arange(3.0)})


def test_arrays_are_writable_and_the_file_stays(save):
    path = save({"eeg": torch.arange(1000.0)})
    before = path.read_bytes()
    found = read_torch(path)
    found["eeg"] *= 2
    del found
    assert path.read_bytes() == before
    assert_same(read_torch(path)["eeg"][-1:], np.array([999], np.float32))


def test_what_shares_memory_goes_on_sharing(save):
    whole = torch.zeros(10)
    found = read_torch(save({"whole": whole, "part": whole[3:5], "again": whole}))
    found["whole"][3] = 7
    assert found["part"][0] == 7
    assert found["again"] is found["whole"] or np.shares_memory(found["again"], found["whole"])


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_nothing_runs(kind, attack, wrap, tmp_path):
    payload, name, marker = attack
    path = tmp_path / "eeg.pth"
    path.write_bytes(wrap[kind](payload))
    with pytest.raises(
        RuntimeError, match=f"^eeg.pth asks for the global '{re.escape(name)}', which eegimg does"
    ):
        read_torch(path)
    assert not marker.exists()


@pytest.mark.parametrize("position", range(5))
def test_nothing_runs_in_any_pickle_of_a_legacy_file(save, calling, tmp_path, position):
    start = io.BytesIO()
    torch.save({}, start, _use_new_zipfile_serialization=False)
    parts = start.getvalue().split(b"\x80\x02")[1:]
    assert len(parts) == 5
    marker = tmp_path / "marker"
    parts[position] = calling("os.system", (f"touch {marker}",), 2)[2:]
    (tmp_path / "eeg.pth").write_bytes(b"".join(b"\x80\x02" + part for part in parts))
    with pytest.raises(
        RuntimeError, match="^eeg.pth asks for the global 'os.system', which eegimg does not run"
    ):
        read_torch(tmp_path / "eeg.pth")
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", ["torch.hub.load", "torch.load", "torch.storage._load_from_bytes", "torch.jit.load"]
)
def test_other_functions_of_torch_are_refused(wrap, calling, tmp_path, name):
    (tmp_path / "eeg.pth").write_bytes(wrap["zip"](calling(name, ("a",), 2)))
    with pytest.raises(
        RuntimeError, match=f"^eeg.pth asks for the global '{name}', which eegimg does not run"
    ):
        read_torch(tmp_path / "eeg.pth")


def test_modules_are_refused(save):
    with pytest.raises(
        RuntimeError, match="^eeg.pth asks for the global 'torch.nn.modules.linear.Linear', which"
    ):
        read_torch(save(torch.nn.Linear(2, 2)))


@pytest.mark.parametrize("protocol", [0, 1, 3, 4, 5])
def test_other_protocols_are_refused(tmp_path, protocol):
    torch.save({"eeg": torch.ones(2)}, tmp_path / "eeg.pth", pickle_protocol=protocol)
    found = protocol if protocol > 1 else 0
    with pytest.raises(
        RuntimeError, match=f"^eeg.pth has a pickle of protocol {found}, which torch reads only by"
    ):
        read_torch(tmp_path / "eeg.pth")


def test_what_torch_itself_refuses(wrap, tmp_path):
    (tmp_path / "eeg.pth").write_bytes(wrap["zip"](b"\x80\x02I1\n."))
    with pytest.raises(
        RuntimeError,
        match=r"^eeg.pth is damaged or not a file of torch.save: Unsupported operand 73. Download it again, or name",
    ):
        read_torch(tmp_path / "eeg.pth")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: torch.ones(3, dtype=torch.bfloat16), "bfloat16"),
        (lambda: torch.eye(3).to_sparse(), "sparse"),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantized"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_tensors_that_numpy_does_not_have(save, make, kind):
    with pytest.raises(
        RuntimeError,
        match=f"^eeg.pth holds a {kind} tensor, which numpy does not have. Save it as dense float32.",
    ):
        read_torch(save({"eeg": make()}))


def test_a_tensor_larger_than_the_file_is_refused(save):
    path = save({"eeg": torch.zeros(1).expand(10**12)})
    with pytest.raises(
        RuntimeError, match=r"^eeg.pth holds a tensor of shape \(1000000000000,\), larger than the file"
    ):
        read_torch(path)


def test_the_settings_of_torch_are_as_before(save):
    before = set(torch.serialization.get_safe_globals())
    read_torch(save({"times": np.arange(3.0)}))
    assert set(torch.serialization.get_safe_globals()) == before


def test_other_zips_are_refused(tmp_path):
    path = tmp_path / "eeg.pth"
    sentence = "^eeg.pth is a zip that torch.save did not write. Unpack it, or name the .pth file."
    with path.open("wb") as stream:
        np.savez(stream, eeg=np.zeros(3))
    with pytest.raises(RuntimeError, match=sentence):
        read_torch(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eeg/data.pkl", b"\x80\x02N.")
        archive.writestr("eeg/constants.pkl", b"\x80\x02).")
    with pytest.raises(RuntimeError, match=sentence):
        read_torch(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other/data.pkl", b"\x80\x02cos\nsystem\n.")
        archive.writestr("eeg/data.pkl", b"\x80\x02N.")
    with pytest.raises(RuntimeError, match=sentence):
        read_torch(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eeg/data.pkl", b"\x80\x02N.")
    with pytest.raises(RuntimeError, match="^eeg.pth has been compressed since torch.save wrote it"):
        read_torch(path)


def test_a_file_that_ends_early_is_refused_wherever_it_ends(save):
    path = save({"eeg": torch.arange(50.0), "label": [1, "a"]})
    whole = path.read_bytes()
    for n_bytes in range(1, len(whole), 7):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(RuntimeError, match="^eeg.pth is damaged or not a file of torch.save: "):
            read_torch(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<html>", "is a web page, no data"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is only a pointer to a file in Git LFS"),
        (b"Quota exceeded, try again.", "is damaged or not a file of torch.save"),
        (b"\x80\x02N.", "is damaged or not a file of torch.save"),
        (b"\x80\x02N." * 5, "is damaged or not a file of torch.save: Invalid magic number"),
    ],
)
def test_failed_downloads(tmp_path, content, sentence):
    (tmp_path / "eeg.pth").write_bytes(content)
    with pytest.raises(RuntimeError, match=f"^eeg.pth {sentence}"):
        read_torch(tmp_path / "eeg.pth")


def test_without_torch(monkeypatch, save):
    path = save({})
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        ImportError, match="^Reading eeg.pth needs torch, which is not installed. Install it with"
    ):
        read_torch(path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["torch zip", "torch legacy"])
def test_memory(measure, kind):
    numbers = measure(kind)
    assert numbers["file_mb"] > 199
    assert numbers["read_ratio"] <= (0.1 if kind == "torch zip" else 1.3)
    assert numbers["used_ratio"] <= 1.3


def record_of(save_as, content):
    """Save an object of a class in a module that exists only while it is saved."""
    module = types.ModuleType("config")
    module.Settings = type("Settings", (), {"__module__": "config"})
    sys.modules["config"] = module
    try:
        settings = module.Settings()
        vars(settings).update(content)
        return save_as({"config": settings, "x": torch.ones(2)})
    finally:
        del sys.modules["config"]


def test_records_are_read_as_dicts_of_their_attributes(save):
    content = {"depth": 2, "name": "eeg", "sizes": [1, 2], "weights": torch.arange(3.0), "nothing": None}
    path = record_of(save, content)
    found = read_torch(path, records=("config",))
    assert_same(found["config"], content | {"weights": np.arange(3, dtype="f4")})
    assert_same(found["x"], np.ones(2, "f4"))
    assert "config" not in sys.modules
    with pytest.raises(
        RuntimeError, match="^eeg.pth asks for the global 'config.Settings', which eegimg does"
    ):
        read_torch(path)
    with pytest.raises(
        RuntimeError, match="^eeg.pth asks for the global 'config.Settings', which eegimg does"
    ):
        read_torch(path, records=("other",))


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_nothing_runs_beside_records(kind, attack, wrap, tmp_path):
    payload, name, marker = attack
    path = tmp_path / "eeg.pth"
    path.write_bytes(wrap[kind](payload))
    with pytest.raises(RuntimeError, match=f"^eeg.pth asks for the global '{re.escape(name)}'"):
        read_torch(path, records=("config",))
    assert not marker.exists()


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_a_record_is_no_call(kind, wrap, calling, tmp_path):
    marker = tmp_path / "marker"
    path = tmp_path / "eeg.pth"
    path.write_bytes(wrap[kind](calling("config.system", (f"touch {marker}",), 2)))
    with pytest.raises(RuntimeError, match=r"^eeg.pth is damaged or not a file of torch.save"):
        read_torch(path, records=("config",))
    assert not marker.exists()


def test_a_record_within_itself_and_one_of_no_attributes(save):
    content = {"inner": {}}
    content["inner"]["again"] = content["inner"]
    found = read_torch(record_of(save, content), records=("config",))["config"]
    assert found["inner"]["again"] is found["inner"]
    assert read_torch(record_of(save, {}), records=("config",))["config"] == {}


class Touch:
    """Pickles as a call that creates a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_nothing_runs_within_a_record(save, tmp_path):
    marker = tmp_path / "marker"
    for content in ({"depth": Touch(marker)}, {"deep": {"list": [1, (Touch(marker),)]}}):
        path = record_of(save, content)
        with pytest.raises(
            RuntimeError, match=r"^eeg.pth asks for the global '(posix|nt).system', which eegimg does"
        ):
            read_torch(path, records=("config",))
    assert not marker.exists()


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_a_record_has_attributes_and_no_other_state(kind, wrap, tmp_path):
    path = tmp_path / "eeg.pth"
    # An object of a record's class whose state is a list, or has names that are no text.
    for state in (b"]", b"}K\x01K\x02s"):
        path.write_bytes(wrap[kind](b"\x80\x02cconfig\nSettings\n)\x81" + state + b"b."))
        with pytest.raises(
            RuntimeError, match="^eeg.pth holds an object that is no plain record of attributes"
        ):
            read_torch(path, records=("config",))


def test_a_module_within_the_named_one_is_another(wrap, tmp_path):
    path = tmp_path / "eeg.pth"
    path.write_bytes(wrap["zip"](b"\x80\x02cconfig.os\nsystem\n)\x81."))
    with pytest.raises(
        RuntimeError, match="^eeg.pth asks for the global 'config.os.system', which eegimg does"
    ):
        read_torch(path, records=("config",))
