"""DreamDiffusion's networks: the released code's numbers, its masks, and sizes of every kind."""

import os
import pathlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from eegimg.models._checkpoint import read_dreamdiffusion  # noqa: E402
from eegimg.models.networks.dreamdiffusion import DreamDiffusionEncoder, DreamDiffusionMAE  # noqa: E402

SMALL = {"n_chans": 5, "n_times": 36, "patch_size": 3, "embed_dim": 12, "depth": 2, "num_heads": 3}
DECODER = {"decoder_embed_dim": 8, "decoder_depth": 1, "decoder_num_heads": 2}


@pytest.fixture(scope="module")
def golden():
    """Return the folder of what the released code computes."""
    data = os.environ.get("EEGIMG_TEST_DATA")
    root = pathlib.Path(data) if data else pathlib.Path(__file__).parents[3] / "shared" / "data"
    folder = root.parent / "golden"
    if not (folder / "mae_forward.npz").is_file():
        pytest.skip(f"no numbers of the released code in {folder}")
    return folder


def loaded(kind, golden, **options):
    """Build a network of the size of the golden checkpoint, with its weights."""
    state, sizes = read_dreamdiffusion(golden / "eeg_pretrain_checkpoint.pth")
    if kind is DreamDiffusionEncoder:
        sizes = {name: size for name, size in sizes.items() if not name.startswith("decoder")}
    network = kind(**sizes, **options).eval()
    network.load_state_dict(network.pick_weights({name: torch.as_tensor(v) for name, v in state.items()}))
    return network


@pytest.mark.data
def test_masked_modelling_gives_the_numbers_of_the_released_code(golden):
    wanted = np.load(golden / "mae_forward.npz")
    x, noise = (torch.from_numpy(wanted[name]) for name in ("x", "noise"))
    mae = loaded(DreamDiffusionMAE, golden)
    with torch.no_grad():
        out = mae(x, mask_ratio=float(wanted["mask_ratio"]), noise=noise)
    for name in ("loss", "pred", "mask", "latent"):
        np.testing.assert_allclose(getattr(out, name).numpy(), wanted[name], rtol=0, atol=5e-6, err_msg=name)


@pytest.mark.data
@pytest.mark.parametrize("pooled", [False, True])
def test_the_encoder_gives_the_numbers_of_the_released_code(golden, pooled):
    wanted = np.load(golden / f"encoder_forward_global_pool_{str(pooled).lower()}.npz")
    encoder = loaded(DreamDiffusionEncoder, golden, global_pool=pooled)
    with torch.no_grad():
        tokens = encoder(torch.from_numpy(wanted["x"]))
    np.testing.assert_allclose(tokens.numpy(), wanted["tokens"], rtol=0, atol=5e-6)


@pytest.mark.data
def test_gradients_flow_through_the_same_numbers(golden):
    wanted = np.load(golden / "mae_forward.npz")
    x, noise = (torch.from_numpy(wanted[name]) for name in ("x", "noise"))
    mae = loaded(DreamDiffusionMAE, golden).train()
    out = mae(x, mask_ratio=float(wanted["mask_ratio"]), noise=noise)
    np.testing.assert_allclose(out.pred.detach().numpy(), wanted["pred"], rtol=0, atol=5e-6)
    out.loss.backward()
    learned = [parameter for parameter in mae.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in learned)
    assert not mae.pos_embed.requires_grad
    assert not mae.decoder_pos_embed.requires_grad


@pytest.mark.data
def test_the_encoder_of_a_checkpoint_of_generation(golden):
    wanted = np.load(golden / "generation_forward.npz")
    state, sizes = read_dreamdiffusion(golden / "generation_checkpoint.pth")
    encoder = DreamDiffusionEncoder(**sizes).eval()
    encoder.load_state_dict(
        encoder.pick_weights({name: torch.as_tensor(value) for name, value in state.items()})
    )
    with torch.no_grad():
        tokens = encoder(torch.from_numpy(wanted["eeg"]))
    np.testing.assert_allclose(tokens.numpy(), wanted["tokens"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"n_chans": 1, "n_times": 8, "patch_size": 8},
        {"n_times": 440, "patch_size": 5, "embed_dim": 20, "num_heads": 2},
        {"depth": 3, "num_heads": 1, "mlp_ratio": 41 / 12},
        {"embed_dim": 96, "num_heads": 8, "mlp_ratio": 100 / 96},
    ],
)
def test_sizes_come_back_from_a_checkpoint(tmp_path, sizes):
    sizes = SMALL | DECODER | sizes
    if sizes["n_times"] == sizes["patch_size"]:
        sizes["n_times"] *= 2
    mae = DreamDiffusionMAE(**sizes)
    path = tmp_path / "checkpoint.pth"
    config = {"num_heads": sizes["num_heads"], "decoder_num_heads": sizes["decoder_num_heads"]}
    torch.save({"model": mae.state_dict(), "config": config, "epoch": 3}, path)
    state, found = read_dreamdiffusion(path)
    assert {name: found[name] for name in sizes if name != "mlp_ratio"} == {
        name: size for name, size in sizes.items() if name != "mlp_ratio"
    }
    again = DreamDiffusionMAE(**found)
    again.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})


def test_a_checkpoint_that_does_not_say_its_heads_asks_for_them(tmp_path):
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": DreamDiffusionMAE(**SMALL, **DECODER).state_dict()}, path)
    with pytest.raises(
        ValueError, match="does not say 'num_heads' and 'decoder_num_heads', which its weights"
    ):
        read_dreamdiffusion(path)
    assert read_dreamdiffusion(path, num_heads=3, decoder_num_heads=2)[1]["num_heads"] == 3


def test_another_checkpoint_is_refused_with_what_it_holds(tmp_path):
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": {"layer.weight": torch.ones(3)}}, path)
    with pytest.raises(
        ValueError, match=r"no checkpoint of DreamDiffusion: .* expected .* found was 'layer.weight'"
    ):
        read_dreamdiffusion(path)


@pytest.mark.parametrize(("ratio", "n_kept"), [(0.75, 3), (0.1, 10), (0.0, 12), (11 / 12, 1)])
def test_the_share_that_is_masked(ratio, n_kept):
    mae = DreamDiffusionMAE(**SMALL, **DECODER)
    out = mae(torch.randn(4, 5, 36), mask_ratio=ratio)
    assert out.latent.shape == (4, 1 + n_kept, 12)
    assert out.mask.sum(1).tolist() == [12 - n_kept] * 4
    assert torch.isfinite(out.loss)


def test_the_lowest_noise_stays_visible():
    mae = DreamDiffusionMAE(**SMALL, **DECODER)
    noise = torch.arange(12.0).flip(0)[None]
    mask = mae(torch.randn(1, 5, 36), mask_ratio=0.75, noise=noise).mask
    assert mask[0].tolist() == [1.0] * 9 + [0.0] * 3


def test_only_masked_patches_count():
    mae = DreamDiffusionMAE(**SMALL, **DECODER).eval()
    x, noise = torch.randn(2, 5, 36), torch.rand(2, 12)
    with torch.no_grad():
        out = mae(x, noise=noise)
        error = (out.pred - mae.patchify(x)).square().mean(-1)[out.mask.bool()].mean()
        hidden = mae.unpatchify(mae.patchify(x) + 100.0 * out.mask[..., None])
        again = mae(hidden, noise=noise)
    torch.testing.assert_close(out.loss, error)
    torch.testing.assert_close(again.pred, out.pred)  # what is masked is not seen


def test_a_target_of_its_own():
    mae = DreamDiffusionMAE(**SMALL, **DECODER).eval()
    x, noise = torch.randn(2, 5, 36), torch.rand(2, 12)
    with torch.no_grad():
        plain, other = mae(x, noise=noise), mae(x, noise=noise, target=torch.zeros_like(x))
    torch.testing.assert_close(other.pred, plain.pred)
    torch.testing.assert_close(other.loss, plain.pred.square().mean(-1)[plain.mask.bool()].mean())


def test_patches_and_back():
    mae = DreamDiffusionMAE(**SMALL, **DECODER)
    x = torch.randn(2, 5, 36)
    patches = mae.patchify(x)
    assert patches.shape == (2, 12, 15)
    torch.testing.assert_close(patches[0, 1, :5], x[0, :, 3])
    torch.testing.assert_close(mae.unpatchify(patches), x)


def test_patches_in_focus_are_masked_more_often():
    torch.manual_seed(0)
    mae = DreamDiffusionMAE(**SMALL, **DECODER, focus_range=(9, 27), focus_rate=0.9)
    mask = mae(torch.randn(2000, 5, 36), mask_ratio=0.25).mask
    assert mask.sum(1).eq(3).all()
    share = mask.mean(0)
    assert share[3:9].min() > 0.4
    assert torch.cat([share[:3], share[9:]]).max() < 0.15


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_times": 37}, "must be a multiple of patch_size=3. Got 37 instead; 39 would do"),
        ({"num_heads": 5}, "'embed_dim' parameter .* must be even and a multiple of its 5 heads. Got 12"),
        ({"n_chans": 0}, "'n_chans' parameter of DreamDiffusionMAE must be an integer of at least 1"),
        ({"focus_range": (30, 40), "focus_rate": 0.6}, "two sample numbers within 0 to 36"),
        ({"focus_range": (3, 9)}, "'focus_rate' parameter of DreamDiffusionMAE must be a number"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(options, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        DreamDiffusionMAE(**(SMALL | DECODER | options))


def test_a_signal_of_another_shape_is_refused():
    mae = DreamDiffusionMAE(**SMALL, **DECODER)
    with pytest.raises(ValueError, match=r"signals of shape \(batch, 5, 36\). Got \(1, 6, 36\) instead"):
        mae(torch.zeros(1, 6, 36))
    with pytest.raises(ValueError, match=r"leaves none of the 12 patches visible. Mask less, at most 0.91"):
        mae(torch.zeros(1, 5, 36), mask_ratio=0.99)
    with pytest.raises(ValueError, match=r"'noise' parameter .* must have the shape \(1, 12\)"):
        mae(torch.zeros(1, 5, 36), noise=torch.zeros(1, 11))


def test_inference_and_training_agree_and_leave_the_input_alone():
    encoder = DreamDiffusionEncoder(**SMALL).eval()
    x = torch.randn(3, 5, 36)
    before = x.clone()
    with torch.inference_mode():
        fast = encoder(x)
    torch.testing.assert_close(fast, encoder(x), rtol=0, atol=1e-6)
    assert torch.equal(x, before)
