"""The fast decoders decode as scikit-learn's do."""

import numpy as np
import pytest

from eegimg.validity._decoding import N_NEIGHBOURS, Decoders, lda_predict, shrink_covariance
from eegimg.validity._folds import make_folds

N_LABELS = 4


def clouds(n_rows=400, n_features=20, distance=1.0, correlated=True, seed=0):
    """Return features, correlated or of falling variance as components are, and labels of as many clouds."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n_rows) % N_LABELS)
    mixing = (
        rng.standard_normal((n_features, n_features))
        if correlated
        else np.diag(np.geomspace(4, 0.5, n_features))
    )
    noise = rng.standard_normal((n_rows, n_features)) @ mixing
    centres = distance * rng.standard_normal((N_LABELS, n_features))
    return noise + centres[labels], labels


def folds_of(labels):
    return make_folds(None, None, labels)[0]


@pytest.mark.parametrize("shape", [(500, 10), (40, 30), (15, 60)])
def test_covariance_is_shrunk_as_scikit_learn_shrinks_it(shape):
    from sklearn.covariance import ledoit_wolf

    rng = np.random.default_rng(0)
    residuals = rng.standard_normal(shape) @ np.diag(np.linspace(0.2, 3.0, shape[1]))
    expected, _ = ledoit_wolf(residuals, assume_centered=True)
    np.testing.assert_allclose(shrink_covariance(residuals), expected, rtol=1e-7, atol=1e-7)


def test_residuals_of_nothing_have_a_covariance_that_can_be_inverted():
    found = shrink_covariance(np.zeros((10, 3)))
    assert (np.diag(found) > 0).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("n_rows", [120, 800])
@pytest.mark.parametrize("correlated", [True, False])
def test_lda_is_as_accurate_as_scikit_learns(distance, n_rows, correlated):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    data, labels = clouds(n_rows, distance=distance, correlated=correlated)
    ours, theirs = [], []
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=np.full(N_LABELS, 1 / N_LABELS))
    for train, test in folds_of(labels):
        found = lda_predict(data[train], labels[train], data[test], N_LABELS)
        ours.append((found == labels[test]).mean())
        theirs.append(peer.fit(data[train], labels[train]).score(data[test], labels[test]))
    # scikit-learn shrinks the covariance of each label by itself, which costs it accuracy in small sets.
    assert np.mean(ours) > np.mean(theirs) - 0.03
    assert np.mean(ours) == pytest.approx(0.25, abs=0.12) if distance == 0 else np.mean(ours) > 0.4


def test_lda_never_predicts_a_label_without_training_trials():
    data, labels = clouds()
    train = np.flatnonzero(labels != 2)
    found = lda_predict(data[train], labels[train], data, N_LABELS)
    assert set(found) == {0, 1, 3}
    # Nor one that no trial of either part has.
    assert set(lda_predict(data, labels, data, N_LABELS + 3)) <= {0, 1, 2, 3}


def test_lda_holds_labels_of_different_size_to_be_alike():
    rng = np.random.default_rng(0)
    labels = np.r_[np.zeros(900, int), np.ones(100, int)]
    data = rng.standard_normal((1000, 3)) + labels[:, None]
    hits = lda_predict(data, labels, data, 2) == labels
    assert hits[labels == 1].mean() == pytest.approx(hits[labels == 0].mean(), abs=0.08)


def test_nearest_neighbours_are_scikit_learns():
    from sklearn.neighbors import KNeighborsClassifier

    # As many training trials of each label, so that the votes of ours, held to how many there are, are theirs.
    data, labels = clouds(n_rows=400, distance=1.5)
    folds = folds_of(labels)
    decoders = Decoders({"power": data}, folds)
    hits = decoders.hits(labels, N_LABELS)[decoders.names.index("5-nn")]
    expected = []
    for train, test in folds:
        peer = KNeighborsClassifier(N_NEIGHBOURS).fit(data[train], labels[train])
        assert len(set(np.bincount(labels[train]))) == 1
        expected.append(peer.predict(data[test]) == labels[test])
    np.testing.assert_array_equal(hits, np.concatenate(expected))
    assert 0.3 < hits.mean() < 0.95


def test_nearest_neighbours_follow_what_no_line_separates():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 2, (400, 2))
    labels = corners[:, 0] ^ corners[:, 1]
    data = 4.0 * corners + rng.standard_normal((400, 2)) * 0.5
    decoders = Decoders({"power": data}, folds_of(labels))
    kappas = dict(zip(decoders.names, decoders.kappas(labels, 2), strict=True))
    assert kappas["5-nn"] > 0.95
    assert abs(kappas["lda power"]) < 0.3


def test_there_is_a_decoder_for_each_set_and_neighbours_where_power_or_mean_is():
    data, labels = clouds(n_rows=60)
    folds = folds_of(labels)
    assert Decoders({"means": data, "dc": data}, folds).names == ["lda means", "lda dc", "5-nn"]
    only = Decoders({"covariance": data}, folds)
    assert only.names == ["lda covariance"]
    assert only.hits(labels, N_LABELS).shape == (1, 60)


def test_hits_are_in_the_order_of_tests_and_kappas_are_theirs():
    data, labels = clouds(n_rows=200, distance=3.0)
    folds = [(np.arange(100, 200), np.arange(100)[::-1]), (np.arange(100), np.arange(150, 200))]
    decoders = Decoders({"power": data}, folds)
    np.testing.assert_array_equal(decoders.tests, np.r_[np.arange(100)[::-1], 150:200])
    hits = decoders.hits(labels, N_LABELS)
    first = lda_predict(data[100:], labels[100:], data[:100][::-1], N_LABELS)
    np.testing.assert_array_equal(hits[0, :100], first == labels[:100][::-1])
    recall = [hits[0][labels[decoders.tests] == label].mean() for label in range(N_LABELS)]
    kappa = (np.mean(recall) - 1 / N_LABELS) / (1 - 1 / N_LABELS)
    assert decoders.kappas(labels, N_LABELS)[0] == pytest.approx(kappa)


def test_fewer_training_trials_than_neighbours_are_enough():
    data = np.array([[0.0], [0.1], [1.0], [1.1], [0.05], [1.05]])
    labels = np.array([0, 0, 1, 1, 0, 1])
    decoders = Decoders({"power": data}, [(np.array([0, 2]), np.array([4, 5]))])
    assert decoders.hits(labels, 2).shape == (2, 2)
    assert decoders.hits(labels, 2)[0].all()


def test_decoders_leave_features_and_labels_as_they_are():
    data, labels = clouds(n_rows=80)
    before = data.copy(), labels.copy()
    Decoders({"power": data}, folds_of(labels)).kappas(labels, N_LABELS)
    np.testing.assert_array_equal(data, before[0])
    np.testing.assert_array_equal(labels, before[1])
