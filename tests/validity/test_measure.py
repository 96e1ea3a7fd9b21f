"""What stands beside a score."""

import numpy as np

from eegimg.validity import audit_design
from eegimg.validity._measure import set_beside


def test_the_lower_null_counts_and_p_is_of_the_epochs_as_they_are():
    entry = set_beside(0.5, [0.6, 0.4, 0.2], [0.1, 0.0, 0.1])
    assert entry == {"kappa": 0.5, "null": [0.1, 0.0, 0.1], "p": 0.5}
    assert set_beside(0.5, [0.1, 0.1], [0.3, 0.2])["null"] == [0.1, 0.1]
    assert set_beside(0.5, [], []) == {"kappa": 0.5, "null": [], "p": None}


def test_a_signal_hardly_raises_what_a_label_free_copy_reaches(make_epochs):
    orders = [np.random.default_rng(seed).permutation(list("abcde")) for seed in range(5)]
    labels = np.repeat(np.concatenate(orders), 12)
    silent, strong = (
        audit_design(make_epochs(labels, power=0.4, evoked=evoked), explain=False, n_relabel=8)
        for evoked in (0.0, 1.0)
    )
    assert silent.verdict == strong.verdict == "confounded"
    # With labels moved on the epochs as they are, the signal makes it 0.9.
    assert strong.null_accuracy < silent.null_accuracy + 0.25
    assert strong.accuracy > 0.9
