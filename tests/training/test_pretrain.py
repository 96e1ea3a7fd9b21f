"""Masked pretraining as a whole: it learns, goes on at the exact update, and stops with a sentence."""

import json

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from eegimg.models._registry import create_model  # noqa: E402
from eegimg.store import read_store  # noqa: E402
from eegimg.training._pretrain import pretrain  # noqa: E402
from eegimg.validity import check_split  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Killed(Exception):
    pass


def recorder(losses, kill_after=None):
    """Return a watch that keeps the loss of every update, and dies at one."""

    def watch(found):
        losses[found["step"]] = (found["loss"], found["grad_norm"], found["lr"])
        if found["step"] == kill_after:
            raise Killed

    return watch


@pytest.mark.slow
def test_it_learns_what_no_trivial_predictor_knows(make_store, make_recipe, tmp_path):
    recipe = make_recipe(make_store(n_epochs=60), epochs=60, lr=5e-3, mask_ratio=0.5, ema=0.9)
    result = pretrain(recipe, tmp_path / "out")
    assert result.losses["zero"] == pytest.approx(1, abs=0.05)  # z-scored input
    trivial = min(loss for name, loss in result.losses.items() if name != "network")
    assert result.losses["network"] < 0.25 * trivial
    assert result.log["validation_loss"].iloc[-1] < 0.25 * result.log["validation_loss"].iloc[0]
    assert len(result.log) == 60
    assert (tmp_path / "out" / "reconstruction.png").stat().st_size > 10_000


def test_what_is_written(make_store, make_recipe, tmp_path):
    out = tmp_path / "out"
    result = pretrain(make_recipe(make_store()), out)
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [6, 12]  # three of four people, 20 epochs each, batches of 10
    assert rows[0].keys() == {
        *("epoch", "step", "train_loss", "validation_loss", "lr", "grad_norm", "samples_per_second")
    }
    assert [len(people) for people in result.held_out.values()] == [1]
    row = result.corpus.iloc[0]
    assert (row["n_subjects"], row["n_train"], row["n_validation"]) == (4, 60, 20)
    assert sorted(path.name for path in (out / "checkpoints").iterdir()) == [
        "best.safetensors",
        "step-000000012",
    ]
    assert (out / "model" / "model.safetensors").is_file()
    assert (out / "model" / "README.md").is_file()
    metadata = pd.DataFrame({"image": ["a", "b"], "split": ["train", "test"]})
    report = check_split(metadata, training_log=out / "training_log.json")
    verdict = report.table.set_index("check").loc["model selection"]
    assert verdict["severity"] == "ok", verdict["text"]


def test_the_network_comes_back_with_a_card_of_the_run(make_store, make_recipe, tmp_path):
    result = pretrain(make_recipe(make_store(), ema=0.5), tmp_path / "out")
    network = create_model("dreamdiffusion_mae", checkpoint=tmp_path / "out" / "model")
    card = network.card
    assert (network.n_chans, network.n_times, network.training) == (8, 64, False)
    assert card.training_data == "lab (60 epochs, 4 subjects, licence not stated, weight 1)"
    (held,) = result.held_out["lab"]
    assert card.split == f"by subject, held out with seed 0: {held} of lab"
    assert card.selection == "last epoch (epoch 2 of 2)"
    (score,) = card.scores
    losses = result.losses
    assert (score.value, score.chance, score.null) == (
        losses["network"],
        losses["zero"],
        losses["visible mean"],
    )
    assert "75% of the patches hidden" in card.caveats[0]
    epochs = read_store(tmp_path / "lab").select([0, 1])
    # What the card says of the input is what was trained on.
    assert card.prepare(epochs).shape == (2, 8, 64)
    encoder = create_model("dreamdiffusion_encoder", checkpoint=tmp_path / "out" / "model")
    assert encoder(card.prepare(epochs)).shape == (2, 16, 32)


@pytest.mark.parametrize(("num_workers", "ema"), [(0, None), (2, 0.9)])
def test_a_killed_training_ends_with_the_same_numbers(make_store, make_recipe, tmp_path, num_workers, ema):
    options = {"steps": 10, "num_workers": num_workers, "ema": ema, "checkpoint_steps": 2}
    recipe = make_recipe(
        {"store": str(make_store()), "weight": 0.7}, make_store("other", ("05", "06")), **options
    )
    straight, broken = {}, {}
    pretrain(recipe, tmp_path / "straight", watch=recorder(straight))
    with pytest.raises(Killed):
        pretrain(recipe, tmp_path / "broken", watch=recorder(broken, kill_after=5))
    again = {}
    pretrain(recipe, tmp_path / "broken", watch=recorder(again))
    assert list(straight) == list(range(1, 11))
    assert list(again) == [5, 6, 7, 8, 9, 10]  # update 5 was made, and not kept
    assert broken | again == straight
    names = [tmp_path / name / "model" / "model.safetensors" for name in ("straight", "broken")]
    assert names[0].read_bytes() == names[1].read_bytes()
    logs = [pd.read_json(tmp_path / name / "log.jsonl", lines=True) for name in ("straight", "broken")]
    pd.testing.assert_frame_equal(*(log.drop(columns="samples_per_second") for log in logs))


def test_another_seed_gives_other_numbers(make_store, make_recipe, tmp_path):
    store, found = make_store(), {}
    for seed in (0, 1):
        pretrain(
            make_recipe(store, steps=1, seed=seed),
            tmp_path / str(seed),
            watch=recorder(found.setdefault(seed, {})),
        )
    assert found[0] != found[1]


def test_a_finished_training_is_not_trained_again(make_store, make_recipe, tmp_path):
    recipe, losses = make_recipe(make_store()), {}
    first = pretrain(recipe, tmp_path / "out")
    second = pretrain(recipe, tmp_path / "out", watch=recorder(losses))
    assert not losses
    assert second.losses == first.losses


def test_the_epoch_with_the_lowest_validation_loss_can_be_chosen(make_store, make_recipe, tmp_path):
    # Rates so high that training gets worse after a while.
    recipe = make_recipe(make_store(), epochs=6, lr=1.0, warmup=1.0, clip=None, selection="validation_loss")
    result = pretrain(recipe, tmp_path / "out")
    best = result.log["validation_loss"].idxmin()
    assert best < 5
    assert result.selection == {
        "part": "validation",
        "metric": "validation_loss",
        "epoch": best + 1,
        "policy": "lowest validation loss",
    }
    assert result.losses["network"] == result.log["validation_loss"].min()


def test_it_stops_early_when_nothing_gets_better(make_store, make_recipe, tmp_path):
    recipe = make_recipe(make_store(), epochs=30, lr=0.3, warmup=0.1, clip=None, early_stop=2)
    result = pretrain(recipe, tmp_path / "out")
    assert len(result.log) < 30
    assert len(result.log) == result.log["validation_loss"].idxmin() + 3


def test_nan_stops_with_the_source_named(make_store, make_epochs, make_recipe, tmp_path):
    from eegimg.training import _sources

    recipe = make_recipe(make_store(), epochs=3, checkpoint_steps=1, validation=0)

    class Spoilt:
        """A store whose epoch 13 is spoilt on its way from the disk."""

        def __init__(self, store):
            self.store = store

        def __getattr__(self, name):
            return getattr(self.store, name)

        def __len__(self):
            return len(self.store)

        def select(self, mask):
            return Spoilt(self.store.select(mask))

        def __getitem__(self, rows):
            data = np.array(self.store[rows])
            data[np.asarray(rows) == 13] = np.nan
            return data

    with pytest.MonkeyPatch.context() as patch:
        read = _sources.read_store
        patch.setattr(_sources, "read_store", lambda path: Spoilt(read(path)))
        with pytest.raises(RuntimeError) as caught:
            pretrain(recipe, tmp_path / "out")
    sentence = str(caught.value)
    assert "The loss is nan in update" in sentence
    assert "The batch has values that are no numbers, in epoch '13' of" in sentence
    assert "(source lab)" in sentence
    kept = sorted(path.name for path in (tmp_path / "out" / "checkpoints").iterdir())
    step = int(sentence.split("update ")[1].split(":")[0])
    assert kept == ([f"step-{step - 1:09d}"] if step > 1 else [])


def test_another_recipe_is_refused_and_fresh_starts_anew(make_store, make_recipe, tmp_path):
    store = make_store()
    pretrain(make_recipe(store), tmp_path / "out")
    other = make_recipe(store, lr=1e-3)
    with pytest.raises(
        RuntimeError, match=r"another recipe: training.lr is 0.001 and was 0.003\. Choose another"
    ):
        pretrain(other, tmp_path / "out")
    result = pretrain(other, tmp_path / "out", resume=False)
    assert result.log["lr"].max() <= 1e-3
    # What changes no number is no other recipe.
    pretrain(other | {"training": other["training"] | {"num_workers": 1}}, tmp_path / "out")


def test_changed_data_are_refused(make_store, make_recipe, tmp_path):
    import shutil

    recipe = make_recipe(make_store())
    pretrain(recipe, tmp_path / "out")
    shutil.rmtree(tmp_path / "lab")
    make_store(seed=1)
    with pytest.raises(RuntimeError, match="training on other data: the store of lab has changed since"):
        pretrain(recipe, tmp_path / "out")


def test_a_folder_with_other_files_is_left_alone(make_store, make_recipe, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(RuntimeError, match=r"holds other files \(thesis.txt\)\. Choose a new or empty one"):
        pretrain(make_recipe(make_store()), out, resume=False)
    assert (out / "thesis.txt").read_text() == "mine"


def test_a_mask_that_hides_everything_is_refused(make_store, make_recipe, tmp_path):
    with pytest.raises(ValueError, match=r"A mask_ratio of 0.95 hides all of the 16 patches of an epoch"):
        pretrain(make_recipe(make_store(), mask_ratio=0.95), tmp_path / "out")


def test_a_batch_larger_than_the_corpus_is_refused(make_store, make_recipe, tmp_path):
    with pytest.raises(
        ValueError, match="A batch of 100 was asked for; the training part of the corpus has 60 epochs"
    ):
        pretrain(make_recipe(make_store(), batch_size=100), tmp_path / "out")


def test_a_damaged_checkpoint_is_one_sentence(make_store, make_recipe, tmp_path):
    recipe = make_recipe(make_store())
    with pytest.raises(Killed):
        pretrain(recipe, tmp_path / "out", watch=recorder({}, kill_after=8))
    folder = tmp_path / "out" / "checkpoints" / "step-000000006"
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(RuntimeError, match=r"The checkpoint .*step-000000006 cannot be read: .* start anew"):
        pretrain(recipe, tmp_path / "out")


def test_a_checkpoint_that_wants_to_run_code_is_refused(make_store, make_recipe, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the checkpoint ran code",))

    recipe = make_recipe(make_store())
    with pytest.raises(Killed):
        pretrain(recipe, tmp_path / "out", watch=recorder({}, kill_after=8))
    folder = tmp_path / "out" / "checkpoints" / "step-000000006"
    (folder / "optimizer.pt").write_bytes(pickle.dumps(Trap(), protocol=2))
    with pytest.raises(RuntimeError, match=r"The checkpoint .* cannot be read: "):
        pretrain(recipe, tmp_path / "out")


def test_tensorboard_gets_every_update(make_store, make_recipe, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pretrain(make_recipe(make_store(), tensorboard=True), tmp_path / "out")
    events = EventAccumulator(str(tmp_path / "out" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("update/loss")] == list(range(1, 13))
    assert [event.step for event in events.Scalars("epoch/validation_loss")] == [6, 12]
    assert events.Tags()["images"] == ["reconstruction"]


def test_bfloat16_trains_too(make_store, make_recipe, tmp_path):
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        result = pretrain(make_recipe(make_store(), precision="bf16"), tmp_path / "out")
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    assert np.isfinite(result.log["train_loss"]).all()
