import json
import pathlib
import re
import tempfile

import mne
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eegimg
from eegimg.validity._make_split import make_split
from eegimg.validity._split_files import read_split, write_split


@pytest.fixture
def table():
    """Two subjects with two sessions of 20 events each, numbered anew in each recording."""
    rows = [
        (subject, session, number, f"i{(number * 3 + ord(session)) % 10}", f"c{number % 2}")
        for subject in ("01", "02")
        for session in "ab"
        for number in range(20)
    ]
    return pd.DataFrame(rows, columns=["subject", "session", "source_index", "image", "concept"])


@pytest.mark.parametrize("options", [{"by": "image"}, {"by": "image", "n_folds": 3}, {"by": "trial"}])
def test_what_is_written_is_read(table, tmp_path, options):
    split = make_split(table, label=None, **options)
    path = write_split(split, table, tmp_path / "split.tsv")
    back = read_split(path, table)
    assert type(back) is type(split)
    assert back.attrs == split.attrs
    assert back.astype(object).equals(split.astype(object))


def test_a_fold_for_each_subject_is_read_as_it_was(table, tmp_path):
    folds = make_split(table, by="leave-one-subject-out", validation_size=0, label=None)
    back = read_split(write_split(folds, table, tmp_path / "folds.tsv"), table)
    assert list(back) == ["01", "02"]
    assert back.astype(object).equals(folds.astype(object))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_epochs_get_their_own_parts_in_any_order_and_after_drops(data):
    table = pd.DataFrame({"subject": np.repeat([1, 2, 3], 6), "source_index": np.tile(np.arange(6), 3)})
    parts = data.draw(st.lists(st.sampled_from(["train", "validation", "test"]), min_size=18, max_size=18))
    rows = data.draw(
        st.permutations(range(18)).flatmap(lambda rows: st.sampled_from([rows[:n] for n in (1, 7, 18)]))
    )
    some = table.iloc[rows].reset_index(drop=True).astype({"source_index": float})
    with tempfile.TemporaryDirectory() as folder:
        path = write_split(parts, table, pathlib.Path(folder) / "split.tsv")
        assert read_split(path, some).tolist() == [parts[row] for row in rows]


def test_without_source_index_epochs_are_known_by_the_number_of_their_event(table, tmp_path):
    table = table.iloc[:20].drop(columns="source_index")
    info = mne.create_info(["Oz"], 100.0, "eeg")
    epochs = mne.EpochsArray(np.zeros((20, 1, 5)), info, metadata=table, verbose="error")
    split = make_split(epochs, by="image", label=None)
    path = write_split(split, epochs, tmp_path / "split.tsv")
    epochs.drop([0, 4, 9], verbose="error")
    epochs = epochs[::-1]
    assert read_split(path, epochs).tolist() == split.to_numpy()[epochs.selection].tolist()


def test_the_file_is_a_plain_table_and_the_sidecar_says_how_it_was_made(table, tmp_path):
    path = write_split(make_split(table, label=None, random_state=3), table, tmp_path / "a" / "split.tsv")
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "subject\tsession\tsource_index\timage\tconcept\tsplit"
    assert re.fullmatch(r"01\ta\t0\ti7\tc0\t(train|validation|test)", lines[1])
    assert len(lines) == 82
    assert sorted(file.name for file in path.parent.iterdir()) == ["split.json", "split.tsv"]
    fields = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert list(fields) == [
        "subject",
        "session",
        "source_index",
        "image",
        "concept",
        "split",
        "SplitProvenance",
    ]
    assert fields["SplitProvenance"] == {
        "eegimg": eegimg.__version__,
        "MadeBy": {
            "by": "image",
            "test_size": 0.2,
            "validation_size": 0.1,
            "n_folds": None,
            "label": None,
            "random_state": 3,
        },
        "EpochsPerPart": {"split": {"test": 16, "train": 56, "validation": 8}},
    }


def test_names_with_quotes_and_tabs_are_read_back(table, tmp_path):
    table["image"] = 'a "big"\tcat, 5\' tall'
    split = make_split(table, by="trial", label=None)
    path = write_split(split, table, tmp_path / "split.tsv")
    assert read_split(path, table).tolist() == split.tolist()


def test_a_split_from_elsewhere_may_leave_epochs_out_and_say_val(table, tmp_path):
    parts = ["training", "val", "test", None] * 20
    path = write_split(parts, table, tmp_path / "split.tsv")
    assert read_split(path, table).tolist() == ["train", "validation", "test", None] * 20
    made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["SplitProvenance"]
    assert made["MadeBy"] == "not recorded"
    assert made["EpochsPerPart"] == {"split": {"n/a": 20, "test": 20, "train": 20, "validation": 20}}
    path.with_suffix(".json").unlink()
    assert read_split(path, table).attrs == {}


def test_a_session_known_of_some_only_is_a_gap_in_the_key(table, tmp_path):
    table.loc[table["subject"] == "02", "session"] = None
    table.loc[table["subject"] == "02", "source_index"] = range(40)
    split = make_split(table, label=None)
    path = write_split(split, table, tmp_path / "split.tsv")
    some = table[table["subject"] == "02"].drop(columns="session")
    assert read_split(path, some).tolist() == split[some.index].tolist()


def test_files_are_not_replaced_unasked(table, tmp_path):
    first, second = (make_split(table, label=None, random_state=seed) for seed in (0, 1))
    path = write_split(first, table, tmp_path / "split.tsv")
    message = f"'{path}' and '{path.with_suffix('.json')}' would be replaced. Pass overwrite=True, or choose another name."
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        write_split(second, table, path)
    assert read_split(path, table).tolist() == first.tolist()
    write_split(second, table, path, overwrite=True)
    assert read_split(path, table).tolist() == second.tolist()


def test_a_split_of_other_epochs_does_not_pass(table, tmp_path):
    path = write_split(make_split(table, label=None), table, tmp_path / "split.tsv")
    more = table.assign(source_index=table["source_index"] + 1)
    message = (
        f"{path} lacks 4 of 80 epochs, for example subject '01', session 'a', source_index '20'. It was made for "
        "other epochs: make a split for these."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_split(path, more)
    message = (
        f"{path} was made for other events: 80 of 80 epochs have another image, for example 'x' here and 'i7' "
        "there. Make a split for these."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_split(path, table.assign(image="x"))
    message = (
        f"{path} tells epochs apart by 'subject', 'session' and 'source_index' only; the metadata have 'run' too. "
        "Make the split from metadata with these columns."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_split(path, table.assign(run=1))


def test_keys_must_be_unique(table, tmp_path):
    split = make_split(table, label=None)
    message = (
        "write_split cannot tell epochs apart: 40 have the subject and source_index of another, for example "
        "subject '01', source_index '0'. Add a column source_index, or the subject, session and run."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_split(split, table.drop(columns="session"), tmp_path / "split.tsv")
    path = write_split(split, table, tmp_path / "split.tsv")
    with path.open("a", encoding="utf-8") as file:
        file.write("01\ta\t3\ti1\tc1\ttrain\n")
    message = f"{path} has two rows for 'subject', 'session' and 'source_index' = 01, a, 3. Write it again."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_split(path, table)
    gap = table.assign(source_index=table["source_index"].where(table.index != 5))
    message = (
        "write_split needs the source_index of every epoch. 1 of 80 have none. Drop those epochs, or fill the "
        "column."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_split(split, gap, tmp_path / "gap.tsv")


def test_what_is_no_split_is_refused(table, tmp_path):
    split = make_split(table, label=None)
    with pytest.raises(ValueError, match=r"^The 'path' parameter of write_split must end in '\.tsv'\. Got "):
        write_split(split, table, tmp_path / "split.csv")
    message = (
        "write_split needs the split and the metadata of the same epochs in the same order. Got 80 and 80 rows. "
        "Make the split from these metadata."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_split(split, table[::-1], tmp_path / "split.tsv")
    message = "write_split needs folds of 'train', 'validation' and 'test' whose names are no key. Got a part called '3'."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_split(split.where(split != "test", "3"), table, tmp_path / "split.tsv")
    with pytest.raises(ValueError, match=r"whose names are no key\. Got a fold called 'run'\.$"):
        write_split(split.rename("run"), table, tmp_path / "split.tsv")
    assert not list(tmp_path.iterdir())
    message = f"There is no split {tmp_path / 'split.tsv'}. Make one with make_split and write_split."
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        read_split(tmp_path / "split.tsv", table)
    path = tmp_path / "events.tsv"
    path.write_text("onset\tduration\n1.0\t0.1\n", encoding="utf-8")
    message = (
        f"{path} is not a split: it needs a column source_index and others of 'train', 'validation' and 'test'. "
        "It has the columns 'onset' and 'duration' and '0.1' and '1.0'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_split(path, table)
