"""Settings: the paper's defaults, one sentence for each bad value, and the learning rate."""

import pytest

from eegimg.training._schedule import learning_rate
from eegimg.training._settings import Settings, read_settings


def test_defaults_are_those_of_the_paper():
    settings = Settings()
    assert (settings.epochs, settings.batch_size, settings.lr) == (500, 100, 2.5e-4)
    assert (settings.betas, settings.weight_decay, settings.clip) == ((0.9, 0.95), 0.05, 0.8)
    assert settings.warmup * settings.epochs == 40
    assert (settings.mask_ratio, settings.min_lr, settings.selection) == (0.75, 0, "last")


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"lrr": 1e-3}, r"the \[training\] table has the unknown key 'lrr'. Did you mean 'lr'\?"),
        ({"epochs": 3, "steps": 9}, r"has epochs = 3 and steps = 9. Give one of them"),
        ({"epochs": 0}, r"The 'epochs' parameter of the \[training\] table must be an integer of at least 1"),
        ({"mask_ratio": 1.2}, r"The 'mask_ratio' parameter .* must be a number above 0 and of at most 1"),
        ({"validation": 1.0}, "must be a share of the subjects below 1. Got 1.0 instead"),
        ({"precision": "fp8"}, "must be 'no' or 'bf16' or 'fp16'. Got 'fp8' instead"),
        (
            {"validation": 0, "selection": "validation_loss"},
            "has selection = 'validation_loss' and validation = 0",
        ),
        ({"validation": 0, "early_stop": 3}, "has early_stop = 3 and validation = 0. Hold subjects out"),
        ({"betas": [0.9]}, "must be two numbers"),
        ({"min_lr": 1.0}, "must be a number of at least 0 and of at most 0.00025"),
    ],
)
def test_bad_settings_are_one_sentence(table, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_settings(table)


def test_the_rate_rises_in_a_line_and_falls_as_half_a_cosine():
    settings = Settings(lr=1.0, min_lr=0.1, warmup=0.1)
    rates = [learning_rate(step, 100, settings) for step in range(101)]
    assert rates[:11] == pytest.approx([step / 10 for step in range(11)])
    assert rates[55] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_without_warmup_it_starts_at_the_top():
    assert learning_rate(0, 10, Settings(lr=1.0, warmup=0)) == 1.0
