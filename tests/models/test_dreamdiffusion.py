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
        np.testing.assert_allclose(getattr(out, name).numpy(), wanted[name], rtol=0, atol=2e-6, err_msg=name)


@pytest.mark.data
@pytest.mark.parametrize("pooled", [False, True])
def test_the_encoder_gives_the_numbers_of_the_released_code(golden, pooled):
    wanted = np.load(golden / f"encoder_forward_global_pool_{str(pooled).lower()}.npz")
    encoder = loaded(DreamDiffusionEncoder, golden, global_pool=pooled)
    with torch.no_grad():
        tokens = encoder(torch.from_numpy(wanted["x"]))
    np.testing.assert_allclose(tokens.numpy(), wanted["tokens"], rtol=0, atol=2e-6)


@pytest.mark.data
def test_gradients_flow_through_the_same_numbers(golden):
    wanted = np.load(golden / "mae_forward.npz")
    x, noise = (torch.from_numpy(wanted[name]) for name in ("x", "noise"))
    mae = loaded(DreamDiffusionMAE, golden).train()
    out = mae(x, mask_ratio=float(wanted["mask_ratio"]), noise=noise)
    np.testing.assert_allclose(out.pred.detach().numpy(), wanted["pred"], rtol=0, atol=2e-6)
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


def test_a_checkpoint_of_images_with_the_same_names_is_refused(tmp_path):
    state = DreamDiffusionMAE(**SMALL, **DECODER).state_dict()
    state["patch_embed.proj.weight"] = torch.zeros(12, 3, 16, 16)
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": state}, path)
    with pytest.raises(
        ValueError,
        match=r"'patch_embed.proj.weight' was expected to have 3 dimensions, found was the shape \(12, 3, 16, 16\)",
    ):
        read_dreamdiffusion(path)


def test_heads_that_the_checkpoint_says_are_not_overridden(tmp_path):
    path = tmp_path / "checkpoint.pth"
    config = {"num_heads": 3, "decoder_num_heads": 2}
    torch.save({"model": DreamDiffusionMAE(**SMALL, **DECODER).state_dict(), "config": config}, path)
    assert read_dreamdiffusion(path, num_heads=4)[1]["num_heads"] == 3


@pytest.mark.parametrize("pooled", [False, True])
def test_pooling_takes_the_norms_of_generation_and_not_those_of_pretraining(tmp_path, pooled):
    mae = DreamDiffusionMAE(**SMALL, **DECODER)
    for parameter in mae.parameters():
        torch.nn.init.normal_(parameter)
    pretrained = mae.state_dict()
    encoder = DreamDiffusionEncoder(**SMALL, global_pool=pooled)
    encoder.load_state_dict(encoder.pick_weights(pretrained))
    for name, value in encoder.state_dict().items():
        start = torch.full_like(value, float(name.endswith("weight")))
        torch.testing.assert_close(value, start if pooled and "norm" in name else pretrained[name])
    tuned = {name: value for name, value in pretrained.items() if not name.startswith("decoder_")}
    path = tmp_path / "checkpoint.pth"
    released = {f"cond_stage_model.mae.{name}": value for name, value in tuned.items()}
    config = {"num_heads": 3, "global_pool": pooled}
    torch.save({"model_state_dict": released, "config": config}, path)
    state, sizes = read_dreamdiffusion(path)
    assert sizes["global_pool"] is pooled
    encoder = DreamDiffusionEncoder(**sizes)
    encoder.load_state_dict(encoder.pick_weights({name: torch.as_tensor(v) for name, v in state.items()}))
    for name, value in encoder.state_dict().items():
        torch.testing.assert_close(value, tuned[name])


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


def test_the_focus_draws_by_weight_without_replacement_and_from_the_noise_alone():
    mae = DreamDiffusionMAE(**SMALL, **DECODER, focus_range=(9, 27), focus_rate=0.8)
    noise = torch.rand(20000, 12, generator=torch.Generator().manual_seed(0))
    x = torch.zeros(1, 5, 36).expand(20000, -1, -1)
    with torch.no_grad():
        mask = mae.encode(x, 0.75, noise)[1]
        again = mae.encode(x[:100], 0.75, noise[:100])[1]
    assert torch.equal(again, mask[:100])
    weights = torch.tensor([0.2] * 3 + [0.8] * 6 + [0.2] * 3)
    drawn = torch.multinomial(weights.expand(20000, -1), 9, generator=torch.Generator().manual_seed(1))
    wanted = torch.zeros(20000, 12).scatter(1, drawn, 1.0).mean(0)
    assert (wanted[3:9] - wanted[:3].mean()).min() > 0.2
    # Five standard errors of the difference of two shares.
    torch.testing.assert_close(mask.mean(0), wanted, rtol=0, atol=5 * (0.5 / 20000) ** 0.5)
    with pytest.raises(
        ValueError, match=r"must be uniform between 0 and 1 where there is a focus_range\. Got"
    ):
        mae(torch.zeros(1, 5, 36), noise=torch.full((1, 12), 2.0))


def test_a_focus_of_all_weight_masks_the_others_last():
    mae = DreamDiffusionMAE(**SMALL, **DECODER, focus_range=(9, 27), focus_rate=1.0)
    mask = mae(torch.zeros(50, 5, 36), mask_ratio=0.75).mask
    assert mask[:, 3:9].all()
    assert mask.sum(1).eq(9).all()


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


# Of the widths, the perceptron's is that of queries, keys and values where the ratio is 3.
@pytest.mark.parametrize("mlp_ratio", [1.0, 3.0, 0.5])
@pytest.mark.parametrize("kind", [DreamDiffusionEncoder, DreamDiffusionMAE])
def test_inference_and_training_agree_and_leave_the_input_alone(kind, mlp_ratio):
    sizes = SMALL | (DECODER if kind is DreamDiffusionMAE else {})
    network = kind(**sizes, mlp_ratio=mlp_ratio).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, options = torch.randn(3, 5, 36), {}
    if kind is DreamDiffusionMAE:
        options["noise"] = torch.rand(3, 12)
    before = x.clone()
    learned = network(x, **options)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            fast = network(x, **options)
            network(torch.randn(4, 5, 36))  # has memory of its own
        for one, other in zip(fast, learned, strict=True):
            torch.testing.assert_close(one, other.detach(), rtol=0, atol=5e-6)
    assert torch.equal(x, before)


def test_the_first_layer_is_the_convolution_of_the_released_code():
    encoder = DreamDiffusionEncoder(**SMALL)
    x = torch.randn(3, 5, 36)
    layer = encoder.patch_embed
    torch.testing.assert_close(layer(layer.cut(x)), layer.proj(x).transpose(1, 2))


@pytest.mark.parametrize("name", ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"])
def test_a_layer_that_does_more_is_called_also_where_nothing_is_learned(name):
    encoder = DreamDiffusionEncoder(**SMALL).eval()
    x = torch.randn(2, 5, 36)
    plain = encoder(x)
    outer, inner = name.split(".")
    part = getattr(encoder.blocks[0], outer)
    setattr(part, inner, torch.nn.Sequential(getattr(part, inner), torch.nn.Softplus()))
    with torch.no_grad():
        found = encoder(x)
    torch.testing.assert_close(found, encoder(x).detach())
    assert not torch.allclose(found, plain, atol=1e-3)


def test_a_block_in_place_of_another_needs_no_scratch_memory():
    encoder = DreamDiffusionEncoder(**SMALL).eval()
    encoder.blocks[1] = torch.nn.Identity()
    with torch.no_grad():
        assert encoder(torch.randn(2, 5, 36)).shape == (2, 12, 12)


def test_what_hooks_kept_stays_as_it_was():
    encoder = DreamDiffusionEncoder(**(SMALL | {"depth": 3})).eval()
    kept = []
    for block in encoder.blocks:
        for part in (block, block.attn, block.mlp, block.norm1):
            part.register_forward_hook(lambda module, args, out: kept.append((out, out.clone())))
    with torch.no_grad():
        encoder(torch.randn(2, 5, 36))
    assert len(kept) == 12
    assert all(torch.equal(out, then) for out, then in kept)


@pytest.mark.parametrize("grad", [False, True])
def test_low_precision_comes_near_with_weights_or_by_autocast(grad):
    encoder = DreamDiffusionEncoder(**SMALL).eval()
    x = torch.randn(3, 5, 36)
    with torch.set_grad_enabled(grad):
        exact = encoder(x)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = encoder(x)
        low = encoder.bfloat16()(x.bfloat16())
    assert low.dtype == torch.bfloat16
    for found in (mixed, low):
        error = (found.float() - exact).square().mean() / exact.square().mean()
        assert 1e-7 < error < 1e-3


def test_the_networks_are_one_graph_for_the_compiler():
    x = torch.randn(2, 5, 36)
    for network in (DreamDiffusionEncoder(**SMALL), DreamDiffusionMAE(**SMALL, **DECODER)):
        compiled = torch.compile(network.eval(), backend="eager", fullgraph=True)
        options = {"noise": torch.rand(2, 12)} if isinstance(network, DreamDiffusionMAE) else {}
        with torch.no_grad():
            wanted, found = network(x, **options), compiled(x, **options)
        if options:
            wanted, found = wanted.loss, found.loss
        torch.testing.assert_close(found, wanted)


def test_a_new_network_starts_as_the_released_code_does():
    torch.manual_seed(0)
    mae = DreamDiffusionMAE(n_chans=30, n_times=64, embed_dim=240, depth=1, num_heads=4, decoder_depth=1)
    for layer in (mae.blocks[0].attn.qkv, mae.decoder_pred):
        bound = (6 / sum(layer.weight.shape)) ** 0.5
        assert 0.98 * bound < layer.weight.abs().max() <= bound
        assert not layer.bias.any()
    bound = (6 / (240 + 30 * 4)) ** 0.5
    assert 0.98 * bound < mae.patch_embed.proj.weight.abs().max() <= bound
    assert 0.015 < mae.cls_token.std() < 0.025
    assert not mae.pos_embed[0, 0].any()
    # Position 3: the sines of 3 times each frequency, then the cosines.
    frequencies = 10000.0 ** (-np.arange(120) / 120)
    wanted = np.concatenate([np.sin(3 * frequencies), np.cos(3 * frequencies)])
    np.testing.assert_allclose(mae.pos_embed[0, 4].numpy(), wanted, rtol=0, atol=1e-6)
