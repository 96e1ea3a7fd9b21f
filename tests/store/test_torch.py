"""A store as a dataset of PyTorch: the same numbers by every path, in workers and for every rank once."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from eegimg.store._write import write_store  # noqa: E402


@pytest.fixture
def store(make_epochs, tmp_path):
    """Write 20 epochs of two recordings into several shards."""
    parts = [make_epochs(12, "01", number=1), make_epochs(8, "02", number=2)]
    return write_store(parts, tmp_path / "store", shard_epochs=5)


def test_items_and_batches_are_the_epochs(store):
    dataset = store.to_torch()
    assert len(dataset) == 20
    assert dataset[3].dtype == torch.float32
    assert np.array_equal(dataset[3].numpy(), store[3])
    items = dataset.__getitems__([7, 0, 7])
    assert len(items) == 3
    assert np.array_equal(np.stack(items), store[[7, 0, 7]])
    assert np.array_equal(dataset.collate(items), store[[7, 0, 7]])


def test_targets_count_the_values_of_the_whole_store(store):
    dataset = store.to_torch(target="concept")
    assert dataset.classes == ["cat", "dog", "owl"]
    assert dataset[2][1] == 2
    batch, codes = dataset.collate(dataset.__getitems__([0, 1, 2]))
    assert codes.dtype == torch.int64
    assert codes.tolist() == [0, 1, 2]
    owls = store.select(store.metadata["concept"] == "owl").to_torch(target="concept")
    assert {code for _, code in owls} == {2}
    assert store.to_torch(target="subject").classes == ["01", "02"]


def test_targets_that_are_not_there_are_refused(store, make_epochs, tmp_path):
    with pytest.raises(
        ValueError,
        match=r"^The 'target' parameter of Store\.to_torch must be a column of the metadata\. Got 'concpt' instead",
    ):
        store.to_torch(target="concpt")
    gaps = write_store([make_epochs(2, seen="yes"), make_epochs(3)], tmp_path / "gaps")
    with pytest.raises(
        ValueError, match="^The metadata column 'seen' has no value for 3 of 5 epochs. Choose those"
    ):
        gaps.to_torch(target="seen")
    assert len(gaps.select(gaps.metadata["seen"].notna()).to_torch(target="seen")) == 2
    with pytest.raises(
        TypeError, match=r"^The 'transform' parameter of Store\.to_torch must be a function or None"
    ):
        store.to_torch(transform=3)


@pytest.mark.parametrize("target", [None, "concept"])
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("way", ["loader", "own", "plain"])
@pytest.mark.parametrize("transform", [None, lambda epoch: epoch[:, ::2] * 2])
def test_loaders_give_every_epoch_once_whatever_puts_batches_together(store, target, workers, way, transform):
    dataset = store.to_torch(target=target, transform=transform)
    options = {
        "batch_size": 6,
        "shuffle": True,
        "generator": torch.Generator().manual_seed(0),
        "num_workers": workers,
    }
    if way == "loader":
        loader = dataset.loader(**options)
    elif way == "own":
        loader = torch.utils.data.DataLoader(dataset, collate_fn=dataset.collate, **options)
    else:
        loader = torch.utils.data.DataLoader(dataset, **options)
    batches = list(loader)
    data = torch.cat([batch if target is None else batch[0] for batch in batches]).numpy()
    expected = store[:] if transform is None else store[:][:, :, ::2] * 2
    order = np.argsort(data[:, 0, 0])
    assert np.array_equal(data[order], expected)
    if target is not None:
        codes = torch.cat([batch[1] for batch in batches]).numpy()
        assert [dataset.classes[code] for code in codes[order]] == store.metadata["concept"].tolist()


@pytest.mark.slow
def test_spawned_workers_open_the_files_themselves(store):
    dataset = store.to_torch(target="concept")
    assert dataset[0][1] == 0
    loader = dataset.loader(batch_size=8, num_workers=1, multiprocessing_context="spawn")
    assert np.array_equal(torch.cat([batch for batch, _ in loader]).numpy(), store[:])


def test_every_rank_gets_its_own_part(store):
    dataset = store.to_torch()
    seen = []
    for rank in range(4):
        sampler = torch.utils.data.DistributedSampler(dataset, num_replicas=4, rank=rank, seed=1)
        part = torch.cat(list(dataset.loader(batch_size=2, sampler=sampler)))
        assert len(part) == 5
        seen.append(part[:, 0, 0].numpy())
    assert np.array_equal(np.sort(np.concatenate(seen)), np.sort(store[:][:, 0, 0]))


def test_batches_may_be_written_to_without_touching_the_files(store):
    before = store[:]
    dataset = store.to_torch()
    dataset[0].fill_(7)
    for batch in dataset.loader(batch_size=4):
        batch.fill_(7)
    assert np.array_equal(store[:], before)
