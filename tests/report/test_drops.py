import numpy as np
import pytest
from scipy.stats import fisher_exact

from eegimg.report._drops import find_uneven_losses, make_drops


def test_two_conditions_give_fishers_p():
    counts = {"face": (33, 30), "house": (50, 24)}
    expected = fisher_exact([[26, 24], [3, 30]], alternative="greater").pvalue
    ((name, p),) = find_uneven_losses(counts)
    assert name == "house"
    assert p == pytest.approx(2 * expected, rel=1e-9), "Holm: two tests"


def test_equal_losses_are_not_flagged():
    assert find_uneven_losses({f"c{i}": (40, 36) for i in range(50)}) == []
    assert find_uneven_losses({"a": (10, 10), "b": (10, 10)}) == []


def test_false_alarms_are_rare_with_many_conditions():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        kept = rng.binomial(30, 0.8, size=40)
        alarms += bool(find_uneven_losses({f"c{i}": (30, int(n)) for i, n in enumerate(kept)}))
    assert alarms <= 20


def test_events_without_an_epoch_count_as_lost(make_derivative):
    import json

    path = make_derivative({"face": 30, "house": 24}, events={"face": 40, "house": 24})
    text = make_drops(json.loads(path.read_text(encoding="utf-8")), path)
    assert "<code>TOO_SHORT</code> the window runs past the end" in text
    assert "25.0 %" in text
    assert "channel P8" in text


def test_without_events_per_condition_the_epochs_cut_are_counted(make_derivative):
    import json

    path = make_derivative(change=lambda sidecar: sidecar["Input"].pop("events"))
    text = make_drops(json.loads(path.read_text(encoding="utf-8")), path)
    assert "Epochs cut" in text
