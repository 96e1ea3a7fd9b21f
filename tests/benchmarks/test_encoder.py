"""The benchmark of the encoder compares equal networks, counts their work, and knows where it ends."""

import importlib
import pathlib

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
TINY = {"n_chans": 5, "n_times": 36, "patch_size": 3, "embed_dim": 12, "depth": 2, "num_heads": 3}


@pytest.fixture
def script(monkeypatch):
    """Import the benchmark as it imports its neighbours when it is run."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("encoder")


def test_work_is_that_of_the_products(script):
    counter = pytest.importorskip("torch.utils.flop_counter").FlopCounterMode(display=False)
    _, released, x, _ = script.make_pair(TINY)
    encoder = script.DreamDiffusionEncoder(**TINY)
    with counter, torch.no_grad():
        released(x)
    assert script.count_work(encoder, len(x)) == counter.get_total_flops()


def test_the_linear_layers_alone_are_all_of_the_blocks(script):
    encoder = script.DreamDiffusionEncoder(**TINY)
    multiply, operations = script.linear_arm(encoder, 8)
    assert operations == 2 * (8 * 12) * 2 * (3 + 1 + 1 + 1) * 12 * 12
    counter = pytest.importorskip("torch.utils.flop_counter").FlopCounterMode(display=False)
    with counter, torch.no_grad():
        multiply()
    assert counter.get_total_flops() == operations


def test_other_numbers_are_refused(script, monkeypatch):
    monkeypatch.setattr(script.Block, "forward", lambda block, x: x)
    with pytest.raises(RuntimeError, match="The encoders differ by "):
        script.make_pair(TINY)


def test_the_forward_pass_is_compared_turn_by_turn(script, monkeypatch):
    monkeypatch.setattr(
        script, "product_arms", lambda *_: {"a": (lambda: None, 1e9), "b": (lambda: None, 3e9)}
    )
    taken = {
        "eegimg": [1.0, 2.0, 4.0],
        "released": [2.0, 3.0, 4.0],
        "linear layers": [1.0, 1.0, 1.0],
        "a": [1.0, 1.0, 1.0],
        "b": [1.0, 2.0, 6.0],
    }
    monkeypatch.setattr(script, "take_turns", lambda arms, repeats: {name: taken[name] for name in arms})
    monkeypatch.setattr(script, "count_work", lambda *_: 1.2e9)
    found = script.measure_forward(TINY, 3)
    assert found["to_released"] == {"median": 1.5, "range": [1.0, 2.0]}
    assert found["peak_gflop_per_s"] == 1.5
    assert found["of_peak"]["eegimg"] == {"median": 0.4, "range": [0.2, 0.8]}
    assert found["fastest_of_fastest_peak"]["eegimg"] == 0.4
    assert found["difference_max"] < 1e-5


def test_turns_are_timed_behind_one_that_warms_up(script):
    calls = []
    seconds = script.take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "b": 2}
    assert "".join(calls) == "baabba"


def test_products_have_the_shapes_of_the_encoder(script):
    encoder = script.DreamDiffusionEncoder(**TINY)
    arms = script.product_arms(encoder, 8, seconds=0.0)
    assert {name: work for name, (_, work) in arms.items()} == {
        "96 x 12 x 36": 2 * 96 * 12 * 36,
        "96 x 12 x 12": 2 * 96 * 12 * 12,
        "96 x 15 x 12": 2 * 96 * 15 * 12,
    }
    for multiply, _ in arms.values():
        multiply()


def test_bfloat16_is_timed_and_its_error_stated(script):
    found = script.measure_options(TINY, 3, compiling=False)
    assert set(found["cpu_s"]) == {"eegimg", "released", "bfloat16"}
    assert 1e-4 < script.measure_rounding(TINY)["relative_error"] < 0.1


def test_both_train_the_same(script):
    sizes = TINY | {"decoder_embed_dim": 8, "decoder_depth": 1, "decoder_num_heads": 2}
    found = script.measure_training(sizes, 2, batch=3)
    assert found["difference_first_loss"] < 1e-5
    assert set(found["cpu_s"]) == {"released", "eegimg"}
    assert found["to_released"]["median"] > 0


def test_limits_say_what_was_missed_and_what_this_processor_lacks(script):
    result = {
        "machine": {"instructions": ["avx2"]},
        "load_average_before": [5.9, 5.0, 6.0],
        "encoder": {
            "cpu_s": {"released": {"median": 2.0}},
            "peak_gflop_per_s": 6.0,
            "work_gflop": 10.0,
            "of_peak": {"eegimg": {"median": 0.85}},
        },
        "short": {"bfloat16_to_float32": {"median": 0.12}},
    }
    bound, missed, rounded = script.state_limits(result)
    assert "would be 1.20 times as fast as the released one" in bound
    assert missed.startswith(
        "The encoder reached 0.85 of the peak and not 0.88, on a machine with a load of 5.9"
    )
    assert rounded.startswith("bfloat16 ran 0.12 times as fast as float32: this processor has neither")
    result["machine"]["instructions"].append("amx_bf16")
    result["encoder"]["of_peak"]["eegimg"]["median"] = 0.9
    assert script.state_limits(result) == [bound]
