"""Trivial predictors against what can be computed by hand, and masks that hide something but not all."""

import numpy as np
import pytest

from eegimg.training._masks import check_masking, cut_patches, predict_trivially, seed_of


def test_interpolation_is_exact_on_lines_and_level_at_the_ends():
    line = np.stack([np.arange(24.0), 3 - 0.5 * np.arange(24.0)])[None]  # (1, 2 channels, 24 samples)
    patches = cut_patches(line, 6)
    assert patches.shape == (1, 6, 4, 2)
    hidden = np.array([[True, False, True, True, False, True]])
    guess = predict_trivially(patches, hidden)
    np.testing.assert_allclose(guess["interpolation"][0, 1:5], patches[0, 1:5])
    assert (guess["interpolation"][0, 0, :, 0] == 4).all()
    assert (guess["interpolation"][0, 5, :, 0] == 19).all()


def test_the_mean_is_of_what_is_visible():
    x = np.zeros((1, 2, 12))
    x[0, 0, 4:8], x[0, 1] = 3.0, 5.0
    guess = predict_trivially(cut_patches(x, 3), np.array([[False, True, False]]))
    assert (guess["visible mean"][..., 0] == 0).all()
    assert (guess["visible mean"][..., 1] == 5).all()
    assert not guess["zero"].any()


@pytest.mark.parametrize(("ratio", "n_patches"), [(0.75, 16), (0.1, 128), (0.9375, 16)])
def test_masks_that_leave_something(ratio, n_patches):
    check_masking(ratio, n_patches)


@pytest.mark.parametrize(
    ("ratio", "n_patches", "word"), [(0.99, 16, "all"), (0.5, 1, "all"), (1.0, 8, "all")]
)
def test_more_masking_than_patches_is_refused(ratio, n_patches, word):
    with pytest.raises(ValueError, match=f"hides {word} of the {n_patches} patches"):
        check_masking(ratio, n_patches)


def test_seeds_differ_by_purpose_and_fit_torch():
    seeds = {seed_of(0, purpose, step) for purpose in range(3) for step in range(100)}
    assert len(seeds) == 300
    assert max(seeds) < 2**63


@pytest.mark.torch
def test_noise_depends_on_the_seed_alone():
    torch = pytest.importorskip("torch")
    from eegimg.training._masks import draw_noise

    torch.manual_seed(1)
    first = draw_noise(7, 4, 5)
    torch.manual_seed(2)
    assert torch.equal(first, draw_noise(7, 4, 5))
    assert not torch.equal(first, draw_noise(8, 4, 5))
