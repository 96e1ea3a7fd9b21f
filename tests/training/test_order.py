"""Every epoch once per pass, the same batches whatever the number of processes, from any update on."""

import numpy as np
import pytest

from eegimg.training._order import BatchOrder


def batches(order, stop):
    order.stop_at(stop)
    return [list(batch) for batch in order]


def test_a_pass_sees_every_epoch_once():
    order = BatchOrder([30, 50], [1.0, 1.0], 8, seed=0)
    assert order.steps_per_epoch == 10
    seen = np.concatenate(batches(order, 10))
    assert sorted(seen) == list(range(80))
    assert len(order) == 10


def test_weights_say_how_often():
    order = BatchOrder([30, 40], [2.0, 0.5], 8, seed=0)
    counts = np.bincount(order.epoch(0), minlength=70)
    assert (counts[:30] == 2).all()
    assert sorted(np.unique(counts[30:])) == [0, 1]
    assert counts[30:].sum() == 20
    # The other half is drawn anew each time.
    assert set(order.epoch(0)[order.epoch(0) >= 30]) != set(order.epoch(1)[order.epoch(1) >= 30])


def test_sources_are_mixed_within_batches():
    order = BatchOrder([500, 500], [1, 1], 50, seed=0)
    shares = [np.mean(np.array(batch) < 500) for batch in batches(order, 20)]
    assert min(shares) > 0.2
    assert max(shares) < 0.8


@pytest.mark.parametrize("start", [0, 3, 10, 17])
def test_it_goes_on_from_any_update(start):
    whole = batches(BatchOrder([30, 52], [1, 1], 8, seed=3), 25)
    assert batches(BatchOrder([30, 52], [1, 1], 8, seed=3, start=start), 25) == whole[start:]


def test_processes_share_the_batch_of_one():
    one = batches(BatchOrder([41], [1], 8, seed=1), 7)
    ranks = [batches(BatchOrder([41], [1], 8, seed=1, rank=rank, n_ranks=4), 7) for rank in range(4)]
    for step, batch in enumerate(one):
        shared = [ranks[rank][step] for rank in range(4)]
        assert sorted(sum(shared, [])) == sorted(batch)
        assert [len(share) for share in shared] == [2] * 4


def test_a_whole_batch_is_found_again():
    order = BatchOrder([30, 52], [1, 1], 8, seed=3)
    assert list(order.batch(13)) == batches(order, 20)[13]


def test_epochs_and_seeds_differ():
    order = BatchOrder([100], [1], 10, seed=0)
    assert list(order.epoch(0)) != list(order.epoch(1))
    assert list(order.epoch(0)) != list(BatchOrder([100], [1], 10, seed=1).epoch(0))


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(
        ValueError, match="A batch of 10 cannot be shared by 4 processes. Choose a batch_size that"
    ):
        BatchOrder([100], [1], 10, seed=0, n_ranks=4)
