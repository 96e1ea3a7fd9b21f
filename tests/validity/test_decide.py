"""The rule, by tables: every flag and every branch, and thresholds at their edges."""

import math
import re

import numpy as np
import pytest

from eegimg.validity import _decide as rule
from eegimg.validity._decide import VERDICTS, decide, find_flags

FACTS = {
    "ordered": True,
    "one_run_per_label": False,
    "block_design": False,
    "runs_held_out": False,
    "new_labels": False,
    "few_epochs": False,
}
EXPOSED = {"exposure": 0.8, "exposure_z": 9.0}
WEAK = {"exposure": 0.2, "exposure_z": 2.5}
BY_PLACE = {"position_exposure": 0.8, "position_exposure_z": 9.0}
DRIFT, LEAK, PLACE_LEAK, ABOVE = {"drift": 9.0}, {"leak": 0.3}, {"position_leak": 0.3}, {"kappa_se": 9.0}
PREVIOUS = {"run_length": 1.0, "previous_label": 0.8, "previous_label_z": 9.0}
FEW_RUNS = {"run_length": 9.0, "runs_per_label": 3.0}
HARMLESS = {"exposure": 0.0, "exposure_z": math.nan, "drift": 0.0, "leak": 0.0, "kappa_se": 0.0}


def judge(numbers, **facts):
    return decide(numbers, FACTS | facts)


def above(value):
    return float(np.nextafter(value, math.inf))


def below(value):
    return float(np.nextafter(value, -math.inf))


def flags(numbers, **facts):
    return find_flags(numbers, FACTS | facts)


FLAGS = {
    "zero-shot": ({}, {"new_labels": True}),
    "unidentifiable": (EXPOSED, {"one_run_per_label": True}),
    "exposed": (EXPOSED, {}),
    "exposed-by-position": (BY_PLACE, {}),
    "unclear-exposure": (WEAK | {"leak": 0.2}, {}),
    "drift": (DRIFT, {}),
    "position-leak": (BY_PLACE | PLACE_LEAK, {}),
    "leak": (LEAK, {}),
    "above-chance": (ABOVE, {}),
    "order-unknown": ({}, {"ordered": False}),
    "block-design": ({}, {"block_design": True}),
    "biased-downwards": ({"exposure": -0.5}, {}),
    "previous-label": (PREVIOUS, {}),
    "few-runs": (FEW_RUNS, {"runs_held_out": True}),
    "few-relabellings": (EXPOSED | {"n_partitions": 3.0}, {}),
}


@pytest.mark.parametrize(("name", "numbers", "facts"), [(name, *what) for name, what in FLAGS.items()])
def test_every_flag_is_raised_by_what_it_is_named_after(name, numbers, facts):
    assert name in flags(numbers, **facts)
    assert name not in flags(HARMLESS)
    with_all = flags(EXPOSED | BY_PLACE | DRIFT | PLACE_LEAK | LEAK | ABOVE)
    assert with_all == ["exposed", "exposed-by-position", "drift", "position-leak", "leak", "above-chance"]


# Numbers one of which stands at its edge: the flag, the number, the last value without it, the first with it.
EDGES = [
    ("exposed", EXPOSED, "exposure", below(rule.MIN_EXPOSURE), rule.MIN_EXPOSURE),
    ("exposed", WEAK | {"exposure_z": 9.0}, "exposure_z", rule.MIN_EXPOSURE_Z, above(rule.MIN_EXPOSURE_Z)),
    ("exposed", {}, "exposure", below(rule.LARGE_EXPOSURE), rule.LARGE_EXPOSURE),
    ("exposed", {"order_exposure": 0.3}, "order_exposure", below(rule.STRONG_ORDER), rule.STRONG_ORDER),
    ("exposed", {"order_exposure": 0.12} | LEAK, "order_exposure", below(rule.MIN_ORDER), rule.MIN_ORDER),
    ("unclear-exposure", WEAK | {"leak": 0.2}, "exposure_z", rule.UNCLEAR_Z, above(rule.UNCLEAR_Z)),
    ("unclear-exposure", WEAK, "exposure", below(rule.UNCLEAR_EXPOSURE[1]), rule.UNCLEAR_EXPOSURE[1]),
    ("exposed-by-position", BY_PLACE, "position_exposure", below(rule.MIN_EXPOSURE), rule.MIN_EXPOSURE),
    ("exposed-by-position", BY_PLACE, "position_exposure_z", rule.MIN_EXPOSURE_Z, above(rule.MIN_EXPOSURE_Z)),
    ("drift", DRIFT, "drift", rule.MIN_DRIFT, above(rule.MIN_DRIFT)),
    ("drift", {}, "run_similarity", rule.MIN_RUN_SIMILARITY, above(rule.MIN_RUN_SIMILARITY)),
    ("leak", LEAK, "leak", rule.MIN_LEAK, above(rule.MIN_LEAK)),
    ("position-leak", BY_PLACE | PLACE_LEAK, "position_leak", rule.MIN_LEAK, above(rule.MIN_LEAK)),
    ("above-chance", ABOVE, "kappa_se", rule.ABOVE_CHANCE, above(rule.ABOVE_CHANCE)),
    ("biased-downwards", {}, "exposure", rule.NEGATIVE_EXPOSURE, below(rule.NEGATIVE_EXPOSURE)),
    ("previous-label", PREVIOUS, "previous_label", rule.PREVIOUS_LABEL, above(rule.PREVIOUS_LABEL)),
    ("previous-label", PREVIOUS, "previous_label_z", rule.MIN_EXPOSURE_Z, above(rule.MIN_EXPOSURE_Z)),
    ("previous-label", PREVIOUS, "run_length", 2.0, 1.5),
    ("few-runs", FEW_RUNS, "runs_per_label", rule.FEW_RUNS, rule.FEW_RUNS - 1),
    ("few-runs", FEW_RUNS, "run_length", 1.0, 2.0),
    ("few-relabellings", EXPOSED | {"n_partitions": 3.0}, "n_partitions", rule.FEW_PARTITIONS, 19.0),
    ("few-relabellings", EXPOSED | {"n_partitions": 3.0}, "n_partitions", 1.0, 2.0),
]


@pytest.mark.parametrize(("name", "numbers", "which", "without", "with_it"), EDGES)
def test_a_flag_begins_at_its_threshold(name, numbers, which, without, with_it):
    facts = FLAGS[name][1]
    assert name not in flags(numbers | {which: without}, **facts)
    assert name in flags(numbers | {which: with_it}, **facts)


@pytest.mark.parametrize(("name", "numbers", "which", "without", "with_it"), EDGES)
def test_a_number_that_could_not_be_computed_raises_no_flag(name, numbers, which, without, with_it):
    if which == "run_length":  # known of every design
        return
    facts = FLAGS[name][1]
    assert name not in flags(numbers | {which: math.nan}, **facts)
    assert name not in flags({key: value for key, value in numbers.items() if key != which}, **facts)


# Verdict, numbers, facts, and words of the reason.
BRANCHES = {
    "too few epochs for any z": (
        "caution",
        {"exposure": 0.3, "exposure_z": 1.0},
        {},
        "too few epochs to say",
    ),
    "few epochs, one run": (
        "confounded",
        {"exposure": 1.0, "exposure_z": 2.0, "kappa_se": 4.0},
        {"one_run_per_label": True},
        "no analysis under this split",
    ),
    "an accident of order": (
        "caution",
        {"order_exposure": 0.2},
        {},
        "Whole runs are held out, yet in the order",
    ),
    "nothing": ("ok", HARMLESS, {}, "Nothing that changes slowly over the recording tells the test labels"),
    "no number at all": ("ok", {}, {}, "Nothing that changes slowly"),
    "drift and leak without exposure": (
        "ok",
        HARMLESS | DRIFT | LEAK | ABOVE,
        {},
        "Nothing that changes slowly",
    ),
    "shifted labels decode, not exposed": (
        "ok",
        HARMLESS | PLACE_LEAK | ABOVE,
        {},
        "Nothing that changes slowly",
    ),
    "exposed, drift and leak": (
        "confounded",
        EXPOSED | DRIFT | LEAK,
        {},
        r"Training trials near in time tell 80 % .* still decode \(kappa 0\.30\)\.",
    ),
    "exposed, runs alike and leak": (
        "confounded",
        EXPOSED | {"run_similarity": 9.0} | LEAK,
        {},
        "still decode",
    ),
    "exposed, drift": ("caution", EXPOSED | DRIFT, {}, "relabelled runs do not decode in these features"),
    "exposed, leak": ("caution", EXPOSED | LEAK, {}, "no drift was found in these features"),
    "exposed": ("caution", EXPOSED, {}, "no drift was found in these features"),
    "one run, above chance": (
        "confounded",
        EXPOSED | ABOVE,
        {"one_run_per_label": True},
        "no analysis under this split can tell them apart. Here decoding is above chance.",
    ),
    "one run, drift": (
        "confounded",
        EXPOSED | DRIFT,
        {"one_run_per_label": True},
        "Here features drift within labels.",
    ),
    "one run, both": (
        "confounded",
        EXPOSED | DRIFT | ABOVE,
        {"one_run_per_label": True},
        "Here decoding is above chance and features drift within labels.",
    ),
    "one run, neither": ("caution", EXPOSED, {"one_run_per_label": True}, "Nothing here is above chance"),
    "one run, not exposed": (
        "ok",
        HARMLESS | ABOVE,
        {"one_run_per_label": True},
        "Nothing that changes slowly",
    ),
    "block by protocol, above chance": (
        "confounded",
        ABOVE,
        {"block_design": True, "ordered": False},
        "decoding is above chance",
    ),
    "block by protocol, at chance": (
        "caution",
        HARMLESS,
        {"block_design": True, "ordered": False},
        "Nothing here is above chance",
    ),
    "block by protocol, not exposed": (
        "caution",
        HARMLESS | ABOVE,
        {"block_design": True},
        "known to have shown each label in a block of its own",
    ),
    "order unknown": ("caution", HARMLESS | ABOVE, {"ordered": False}, "The order of recording is unknown"),
    "by place, leak, above chance": (
        "confounded",
        BY_PLACE | PLACE_LEAK | ABOVE,
        {},
        r"Labels follow the place .* still decode \(kappa 0\.30\)\.",
    ),
    "by place, leak": ("caution", BY_PLACE | PLACE_LEAK, {}, "that it does was not seen"),
    "by place, above chance": ("caution", BY_PLACE | ABOVE, {}, "that it does was not seen"),
    "by place, other leak": ("caution", BY_PLACE | LEAK | DRIFT | ABOVE, {}, "that it does was not seen"),
    "both, the worse counts": (
        "confounded",
        EXPOSED | BY_PLACE | PLACE_LEAK | ABOVE,
        {},
        "Labels follow the place",
    ),
    "both, the worse counts again": (
        "confounded",
        EXPOSED | BY_PLACE | DRIFT | LEAK,
        {},
        "Training trials near in time",
    ),
    "alternation": ("caution", HARMLESS | {"exposure": -0.9}, {}, "slow changes bias this number downwards"),
    "previous label": (
        "caution",
        HARMLESS | PREVIOUS,
        {},
        "A label follows from the one before",
    ),
    "few runs": ("caution", HARMLESS | FEW_RUNS, {"runs_held_out": True}, "fewer than four runs"),
    "two cautions": (
        "caution",
        {"exposure": -0.9} | FEW_RUNS,
        {"runs_held_out": True},
        "bias this number downwards. Some label has fewer than four runs",
    ),
    "zero-shot": ("ok", HARMLESS | ABOVE, {"new_labels": True}, "time does not tell test labels"),
    "zero-shot, exposed": (
        "caution",
        EXPOSED | DRIFT | LEAK | ABOVE,
        {"new_labels": True},
        "tells test labels or",
    ),
    "zero-shot, by place": ("caution", BY_PLACE, {"new_labels": True}, "tells test labels or may"),
    "zero-shot, order unknown": ("caution", HARMLESS, {"new_labels": True, "ordered": False}, "or may"),
    "zero-shot, block": ("caution", HARMLESS, {"new_labels": True, "block_design": True}, "or may"),
}


@pytest.mark.parametrize(("verdict", "numbers", "facts", "words"), BRANCHES.values(), ids=BRANCHES)
def test_every_branch_has_its_verdict_and_reason(verdict, numbers, facts, words):
    found, named, reason = judge(numbers, **facts)
    assert found == verdict
    assert named == flags(numbers, **facts)
    assert re.search(words, reason), reason
    assert reason.endswith(".")


def test_without_exposure_nothing_is_ever_confounded():
    rng = np.random.default_rng(0)
    for _ in range(300):
        numbers = {
            "exposure": rng.uniform(-1, below(rule.MIN_EXPOSURE)),
            "exposure_z": rng.uniform(0, 50),
            "position_exposure": rng.uniform(-1, below(rule.MIN_EXPOSURE)),
            **{name: rng.uniform(0, 50) for name in ("drift", "run_similarity", "kappa_se")},
            **{name: rng.uniform(0, 1) for name in ("leak", "position_leak", "kappa", "nested_leak")},
        }
        facts = {name: bool(rng.integers(2)) for name in ("one_run_per_label", "runs_held_out", "new_labels")}
        assert judge(numbers, **facts)[0] != "confounded"


def test_more_evidence_never_makes_a_verdict_milder():
    parts = [EXPOSED, BY_PLACE, DRIFT, LEAK, PLACE_LEAK, ABOVE]
    for chosen in range(2 ** len(parts)):
        numbers = {}
        for place, part in enumerate(parts):
            numbers |= part if chosen >> place & 1 else {}
        weight = VERDICTS.index(judge(numbers)[0])
        for part in parts:
            assert VERDICTS.index(judge(numbers | part)[0]) >= weight, (numbers, part)


@pytest.mark.parametrize("share", [(1.3, "100 %"), (0.104, "10 %")])
def test_a_share_is_in_per_cent_and_no_more_than_all(share):
    value, text = share
    assert f"tell {text} of what there is" in judge({"exposure": value, "exposure_z": 9.0})[2]
