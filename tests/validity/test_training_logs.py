"""Models chosen on the test part, in the logs of the trainers that people use."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest

from eegimg.validity._check_split import check_split
from eegimg.validity._training_logs import part_of, read_log

METADATA = pd.DataFrame({"image": ["a", "b"], "split": ["train", "test"]})
# Best test epoch 3, best validation epoch 4, last epoch 5.
TEST_ACC = [0.2, 0.3, 0.6, 0.4, 0.5]
VAL_LOSS = [2.0, 1.8, 1.5, 1.1, 1.3]


def epochs_of(**metrics):
    return [
        {"epoch": number} | {name: values[number - 1] for name, values in metrics.items()}
        for number in range(1, 6)
    ]


def selection(log=None, **options):
    table = check_split(METADATA, training_log=log, **options).table.set_index("check")
    return table.loc["model selection"]


BOTH = epochs_of(test_acc=TEST_ACC, validation_loss=VAL_LOSS, train_loss=VAL_LOSS)
TEST_ONLY = epochs_of(test_acc=TEST_ACC, train_loss=VAL_LOSS)


@pytest.mark.parametrize(
    ("log", "severity"),
    [
        # As eegimg writes them.
        ({"selection": {"part": "validation", "metric": "loss", "epoch": 4}, "epochs": BOTH}, "ok"),
        ({"selection": {"part": "test", "metric": "acc"}, "epochs": BOTH}, "leak"),
        ({"selection": {"metric": "test_acc"}, "epochs": BOTH}, "leak"),
        # The epoch tells.
        ({"selected_epoch": 3, "epochs": BOTH}, "leak"),
        ({"selected_epoch": 4, "epochs": BOTH}, "ok"),
        ({"selected_epoch": 5, "epochs": BOTH}, "not checked"),
        ({"best_epoch": 3, "epochs": TEST_ONLY}, "leak"),
        ({"best_epoch": 5, "epochs": TEST_ONLY}, "caution"),
        # Nothing tells.
        (BOTH, "not checked"),
        (TEST_ONLY, "caution"),
        (epochs_of(train_loss=VAL_LOSS, validation_loss=VAL_LOSS), "ok"),
        # Lightning and Keras.
        ({"monitor": "test/acc", "history": {"test/acc": TEST_ACC}}, "leak"),
        ({"monitor": "val_loss", "val_loss": VAL_LOSS, "test_acc": TEST_ACC}, "ok"),
        ({"val_loss": VAL_LOSS, "loss": VAL_LOSS}, "ok"),
    ],
)
def test_how_the_model_was_chosen_is_judged(log, severity):
    found = selection(log)
    assert found["severity"] == severity, found["meaning"]


def test_a_leak_stops_a_script():
    with pytest.raises(
        ValueError,
        match=(
            r"model selection: The model was chosen by 'test': the best test score is no test of anything\. "
            r"Choose the epoch by a validation part: make_split\(metadata, validation_size=0\.1\)\.$"
        ),
    ):
        check_split(METADATA, training_log={"selection": {"part": "test"}}).raise_if_leaking()


def test_best_flags_of_skorch():
    flags = [True, True, True, False, False]
    test_only = epochs_of(train_loss=VAL_LOSS, test_acc=TEST_ACC, test_acc_best=flags)
    assert selection(test_only)["severity"] == "leak"
    usual = epochs_of(train_loss=VAL_LOSS, valid_loss=VAL_LOSS, valid_loss_best=flags, batches=[[]] * 5)
    assert selection(usual)["severity"] == "ok"


def test_marked_rows_tell_the_chosen_epoch():
    table = pd.DataFrame(BOTH)
    assert selection(table.assign(is_best=[True, True, True, False, False]))["severity"] == "leak"
    assert selection(table.assign(is_best=[False, False, False, True, False]))["severity"] == "ok"


def trainer_state(metric, part, **fields):
    history = []
    for number, value in enumerate(TEST_ACC, 1):
        history.append({"epoch": float(number), "step": 10 * number, "loss": 1.0})
        history.append({"epoch": float(number), "step": 10 * number, f"eval_{part}accuracy": value})
    return {"best_metric": metric, "best_global_step": 30, "log_history": history} | fields


def test_states_of_the_transformers_trainer(tmp_path):
    file = tmp_path / "trainer_state.json"
    file.write_text(json.dumps(trainer_state(0.6, "")))
    assert selection(file)["severity"] == "caution"
    file.write_text(json.dumps(trainer_state(0.6, "test_")))
    assert selection(file)["severity"] == "leak"
    file.write_text(json.dumps(trainer_state(0.6, "", metric_for_best_model="eval_test_accuracy")))
    assert selection(file)["severity"] == "leak"
    file.write_text(json.dumps(trainer_state(None, "validation_")))
    assert selection(file)["severity"] == "ok"


def test_metrics_of_lightning_stand_in_rows_of_their_own(tmp_path):
    rows = [{"epoch": number, "step": number, "train_loss": 1.0} for number in range(5)]
    rows += [{"epoch": number, "step": number, "test_acc": value} for number, value in enumerate(TEST_ACC)]
    pd.DataFrame(rows).to_csv(tmp_path / "metrics.csv", index=False)
    _, _, epochs = read_log(tmp_path / "metrics.csv")
    assert epochs["test_acc"].tolist() == TEST_ACC
    assert epochs["train_loss"].tolist() == [1.0] * 5
    assert selection(tmp_path / "metrics.csv")["severity"] == "caution"
    assert selection(tmp_path / "metrics.csv", selected_on="test_acc")["severity"] == "leak"
    assert selection(tmp_path / "metrics.csv", selected_on="val_loss")["severity"] == "ok"


def test_lines_and_tabs_are_read(tmp_path):
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in TEST_ONLY))
    assert selection(tmp_path / "log.jsonl")["severity"] == "caution"
    pd.DataFrame(TEST_ONLY).to_csv(tmp_path / "log.tsv", sep="\t", index=False)
    assert selection(tmp_path / "log.tsv")["severity"] == "caution"


def test_a_test_score_at_the_end_chooses_nothing():
    table = pd.DataFrame(epochs_of(val_loss=VAL_LOSS)).assign(test_acc=[np.nan] * 4 + [0.5])
    assert selection(table)["severity"] == "ok"


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a log was run",))


def test_nothing_of_a_log_is_run_and_other_files_are_refused(tmp_path):
    for name in ("history.pkl", "history.pt"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(
            ValueError, match=r"end in \.json, \.jsonl, \.csv, \.tsv, and runs none\. Got .*history"
        ):
            selection(tmp_path / name)
    (tmp_path / "history.json").write_bytes(pickle.dumps(Bomb(), protocol=0))
    with pytest.raises(ValueError, match=r"needs JSON in .*history\.json\. It is not"):
        selection(tmp_path / "history.json")
    (tmp_path / "deep.jsonl").write_text("[" * 200_000)
    with pytest.raises(ValueError, match=r"needs JSON in every line of .*deep\.jsonl"):
        selection(tmp_path / "deep.jsonl")
    (tmp_path / "cells.csv").write_text("epoch,test_acc\n1,__import__('os')\n2,0.5\n")
    assert selection(tmp_path / "cells.csv")["severity"] == "ok"


def test_what_is_no_log_gets_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"asked to read .*gone\.csv\. There is no such file\.$"):
        selection(tmp_path / "gone.csv")
    with pytest.raises(TypeError, match=r"must be a file, a DataFrame, a dict or a list of dicts\. Got int"):
        selection(3)
    with pytest.raises(
        ValueError, match=r"neither 'epochs' nor 'selection' in the training log\. It has \['a'\]"
    ):
        selection({"a": 1})
    with pytest.raises(ValueError, match=r"one value per epoch\. The lists have \[1, 2\] values\.$"):
        selection({"val_loss": [1.0], "test_acc": [0.1, 0.2]})
    with pytest.raises(TypeError, match=r"'selected_on' parameter of check_split must be a part or a metric"):
        selection(TEST_ONLY, selected_on=3)


def test_marks_of_a_table_on_disk_are_read(tmp_path):
    table = pd.DataFrame(BOTH).assign(is_best=[True, True, True, False, False])
    table.to_csv(tmp_path / "log.csv", index=False)
    assert selection(tmp_path / "log.csv")["severity"] == "leak"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n1,2,3,4\n"])
def test_a_broken_table_gets_a_sentence(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(ValueError, match=r"needs a table in .*log\.csv\. It is not: "):
        selection(tmp_path / "log.csv")


def test_without_a_log_nothing_passes():
    assert selection()["severity"] == "not checked"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("test_acc", "test"),
        ("testAccuracy", "test"),
        ("eval_test_loss", "test"),
        ("val/loss", "validation"),
        ("valid_loss", "validation"),
        ("train_loss", "train"),
        ("loss", None),
        ("eval_loss", None),
        ("latest_loss", None),
        ("value", None),
    ],
)
def test_names_of_metrics_say_their_part(name, part):
    assert part_of(name) == part
