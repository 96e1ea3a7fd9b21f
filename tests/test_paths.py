"""Where things are, and files that appear whole or not at all."""

import errno
import os
import pathlib

import pytest

from eegimg import _optional, _paths


def test_a_file_appears_only_when_its_block_succeeds(tmp_path):
    file = tmp_path / "new" / "a.txt"
    with _paths.whole_file(file) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt"
        assert not file.exists()
    assert file.read_text() == "whole"
    assert [entry.name for entry in file.parent.iterdir()] == ["a.txt"]


def _interrupted(file):
    with _paths.whole_file(file) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(file)
    assert file.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_in_parts_gets_its_first_part_last(tmp_path, monkeypatch):
    moved = []
    replace = os.replace

    def recording_replace(source, target):
        moved.append(pathlib.Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", recording_replace)
    with _paths.whole_file(tmp_path / "a_epo.fif") as temporary:
        temporary.write_text("1")
        temporary.with_name("a_epo-1.fif").write_text("2")
    assert moved == ["a_epo-1.fif", "a_epo.fif"]


def test_text_is_utf8(tmp_path):
    _paths.write_text(tmp_path / "a.txt", "µV")
    assert (tmp_path / "a.txt").read_bytes() == "µV".encode()


def test_inside_follows_links(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert _paths.is_inside(tmp_path / "link" / "x", tmp_path / "in")
    assert _paths.is_inside(tmp_path / "in", tmp_path / "in")
    assert not _paths.is_inside(tmp_path / "in" / ".." / "x", tmp_path / "in")
    assert not _paths.is_inside(tmp_path / "inside", tmp_path / "in")


def test_the_data_folder(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setenv("EEGIMG_DATA", str(tmp_path))
        assert _paths.data_root() == tmp_path
        for unset in ("", None):
            patch.setenv("HOME", str(tmp_path))
            patch.setenv("EEGIMG_DATA", "") if unset == "" else patch.delenv("EEGIMG_DATA")
            assert _paths.data_root() == tmp_path / "eegimg_data"


def test_descriptors_stand_beside_the_package():
    assert any(_paths.descriptors_root().glob("*/dataset.toml"))


def test_a_writable_folder_is_made_and_left_empty(tmp_path):
    assert _paths.check_writable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_is_a_file_or_under_one(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(RuntimeError, match="cannot be written: it is a file. Choose a folder"):
        _paths.check_writable(file)
    with pytest.raises(RuntimeError, match="a part of it is a file"):
        _paths.check_writable(file / "out")


def test_a_full_disk(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_paths.tempfile, "TemporaryFile", full)
    with pytest.raises(RuntimeError, match="the disk is full"):
        _paths.check_writable(tmp_path)


def test_an_optional_package_that_is_there():
    assert _optional.require("math", "create_model", "models").sqrt(4) == 2


def test_an_optional_package_that_is_missing():
    sentence = r'create_model needs no_such_thing.*pip install "eegimg\[models\]"'
    with pytest.raises(ImportError, match=sentence):
        _optional.require("no_such_thing", "create_model", "models")


def test_a_package_that_is_broken_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("import no_such_thing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_thing'"):
        _optional.require("broken_package", "create_model", "models")
