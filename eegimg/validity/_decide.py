"""The rule that turns what was measured into a verdict."""

import math

from ._exposure import MIN_EXPOSURE

VERDICTS = ("ok", "caution", "confounded")
MIN_EXPOSURE_Z = 3.0
# With few epochs no z reaches 3: so large a kappa counts all the same, and a smaller one calls for caution.
LARGE_EXPOSURE = 0.5
UNCLEAR_EXPOSURE, UNCLEAR_Z = (0.15, 0.25), 2.0
MIN_RUN = 3  # median trials of one label in a row that no random order has
MIN_DRIFT, MIN_RUN_SIMILARITY = 4.0, 3.0  # z
MIN_LEAK = 0.05  # kappa
ABOVE_CHANCE = 3.5  # standard errors
NEGATIVE_EXPOSURE = -0.25
# With runs held out: from which exposure on an accidental order may count, and from which on it does by
# itself.
MIN_ORDER, STRONG_ORDER = 0.10, 0.15  # kappa
PREVIOUS_LABEL = 0.4  # kappa; 0.25 is what three labels without repeats reach
FEW_RUNS = 4  # of a label
FEW_PARTITIONS = 20  # with fewer ways of relabelling no p below .05 is possible


def decide(numbers, facts):
    """Come to a verdict.

    Two legs must both stand for "confounded": exposure (a slow function of time tells the test labels, from
    labels, order and split alone) and leak (features drift within labels, and labels moved from run to run
    decode under this very split). Where every label has one run in a recording, runs cannot be relabelled,
    and nothing under that split tells the run from the label.

    Parameters
    ----------
    numbers : dict of str to float
        Statistics; those that could not be computed are missing or nan.
    facts : dict of str to bool
        ``ordered``, ``one_run_per_label``, ``block_design``, ``runs_held_out``, ``new_labels``,
        ``few_epochs``.

    Returns
    -------
    verdict : 'ok' | 'caution' | 'confounded'
        What the number is worth.
    flags : list of str
        Short names of what was found, in order of weight.
    reason : str
        One or two sentences.
    """
    flags = find_flags(numbers, facts)
    if "zero-shot" in flags:
        return _zero_shot(flags)
    if "unidentifiable" in flags:
        return _unidentifiable(flags)
    found = [_exposed(numbers, flags)] if "exposed" in flags else []
    found += [_exposed_by_position(numbers, flags)] if "exposed-by-position" in flags else []
    return max(found, key=lambda one: VERDICTS.index(one[0])) if found else _not_exposed(numbers, flags)


def find_flags(numbers, facts):
    """List the short names of what was found."""
    held_out = "order_exposure" in numbers
    exposed = _exposed_by_order(numbers) if held_out else exposed_by(numbers, "exposure")
    by_position = exposed_by(numbers, "position_exposure")
    by_protocol = facts["block_design"] and not facts["ordered"]
    drift = _above(numbers, "drift", MIN_DRIFT)
    found = {
        "zero-shot": facts["new_labels"],
        "unidentifiable": by_protocol or (exposed and facts["one_run_per_label"]),
        "exposed": exposed,
        "exposed-by-position": by_position,
        "unclear-exposure": not held_out and not exposed and _unclear(numbers, facts),
        "drift": drift or _above(numbers, "run_similarity", MIN_RUN_SIMILARITY),
        "position-leak": by_position and _above(numbers, "position_leak", MIN_LEAK),
        "leak": _above(numbers, "leak", MIN_LEAK),
        "above-chance": _above(numbers, "kappa_se", ABOVE_CHANCE),
        "order-unknown": not facts["ordered"],
        "block-design": facts["block_design"],
        "biased-downwards": numbers.get("exposure", 0.0) < NEGATIVE_EXPOSURE,
        "previous-label": _tells_previous(numbers),
        "few-runs": facts["runs_held_out"]
        and numbers.get("run_length", 1.0) >= 2
        and numbers.get("runs_per_label", math.inf) < FEW_RUNS,
        "few-relabellings": exposed and 1 < numbers.get("n_partitions", math.inf) < FEW_PARTITIONS,
    }
    return [name for name, is_so in found.items() if is_so]


def a_split_may_help(flags, numbers):
    """Tell whether what was found hangs on the split."""
    if "order-unknown" in flags or "few-runs" in flags:
        return False
    misled = "biased-downwards" in flags and numbers.get("run_length", 1.0) >= 2
    return misled or "exposed" in flags or "exposed-by-position" in flags


def exposed_by(numbers, name):
    """Tell whether one of the exposures, "exposure" or "position_exposure", counts."""
    clear = _above(numbers, name, MIN_EXPOSURE, equal=True) and _above(numbers, f"{name}_z", MIN_EXPOSURE_Z)
    return clear or (name == "exposure" and _above(numbers, name, LARGE_EXPOSURE, equal=True))


def _unclear(numbers, facts):
    """Tell whether an exposure could be chance and could be none, as where runs are few and short."""
    in_runs = numbers.get("run_length", 1.0) >= MIN_RUN and not facts["runs_held_out"]
    if in_runs and facts["few_epochs"]:
        return True
    low, high = UNCLEAR_EXPOSURE
    weak = _above(numbers, "exposure", low, equal=True) and _above(numbers, "exposure_z", UNCLEAR_Z)
    return (weak and _above(numbers, "leak", MIN_LEAK)) or _above(numbers, "exposure", high, equal=True)


def _exposed_by_order(numbers):
    """Tell whether the accidental order of runs that are held out whole counts.

    Permuted labels are no measure for it, as any order of few runs tells some labels. A weak exposure counts
    where a leak is predicted from it, or nothing can be predicted.
    """
    few = numbers.get("n_partitions", math.inf) < FEW_PARTITIONS
    weak_counts = few or _above(numbers, "leak", MIN_LEAK)
    return _above(numbers, "order_exposure", MIN_ORDER if weak_counts else STRONG_ORDER, equal=True)


def _above(numbers, name, threshold, *, equal=False):
    value = numbers.get(name, math.nan)
    return value >= threshold if equal else value > threshold


def _tells_previous(numbers):
    """Tell whether a label follows from the one before it where labels do not come in runs."""
    return (
        numbers.get("run_length", 2.0) < 2
        and _above(numbers, "previous_label", PREVIOUS_LABEL)
        and _above(numbers, "previous_label_z", MIN_EXPOSURE_Z)
    )


def _zero_shot(flags):
    if {"order-unknown", "exposed", "exposed-by-position", "unclear-exposure", "block-design"} & set(flags):
        return (
            "caution",
            flags,
            "No test label was met in training, and the time of recording tells test labels or may: "
            "trials of one label can be alike for another reason than what was shown.",
        )
    return (
        "ok",
        flags,
        "No test label was met in training, and time does not tell test labels from each other.",
    )


def _unidentifiable(flags):
    why = (
        "Each label has one run in a recording, so the label and the time of recording are the same "
        "thing there, and no analysis under this split can tell them apart."
    )
    evidence = {"above-chance": "decoding is above chance", "drift": "features drift within labels"}
    found = [text for name, text in evidence.items() if name in flags]
    if found:
        return "confounded", flags, f"{why} Here {' and '.join(found)}."
    return (
        "caution",
        flags,
        f"{why} Nothing here is above chance by more than {ABOVE_CHANCE} standard errors, and no "
        f"drift was seen.",
    )


def _exposed_by_position(numbers, flags):
    why = (
        "Labels follow the place of a trial in its recording, in the same way in all recordings, so whatever "
        "changes in the course of every recording tells them too"
    )
    if "position-leak" in flags and "above-chance" in flags:
        return (
            "confounded",
            flags,
            f"{why}; labels moved along by a few places still decode (kappa {numbers['position_leak']:.2f}).",
        )
    return "caution", flags, f"{why}; that it does was not seen in these features."


def _exposed(numbers, flags):
    if "order_exposure" in numbers:
        share = _percent(numbers["order_exposure"])
        why = f"Whole runs are held out, yet in the order that was used time tells {share} of the test labels"
    else:
        share = _percent(numbers["exposure"])
        why = f"Training trials near in time tell {share} of what there is to know of the test labels"
    if "leak" in flags and "drift" in flags:
        moved = "labels moved at random from run to run still decode"
        if "order_exposure" in numbers:
            moved = "moved labels decode the better, the better time tells them"
        kappa = f"(kappa {numbers['leak']:.2f})"
        return "confounded", flags, f"{why}, features drift within labels, and {moved} {kappa}."
    missing = "no drift was found" if "drift" not in flags else "relabelled runs do not decode"
    return "caution", flags, f"{why}; {missing} in these features, so a leak is possible and was not seen."


def _not_exposed(numbers, flags):
    cautions = {
        "order-unknown": "The order of recording is unknown, so whether slow changes tell the labels "
        "could not be checked.",
        "block-design": "The dataset is known to have shown each label in a block of its own.",
        "unclear-exposure": "Training trials near in time tell some of the test labels, and there are too "
        "few epochs to say whether that is chance.",
        "biased-downwards": "Neighbours in time have other labels more often than chance has it: "
        "slow changes bias this number downwards.",
        "previous-label": "A label follows from the one before it, so responses to earlier pictures and "
        "expectation tell it too.",
        "few-runs": "Some label has fewer than four runs: with runs held out, the number varies far "
        "more than a count of trials suggests.",
    }
    found = [text for name, text in cautions.items() if name in flags]
    if found:
        return "caution", flags, " ".join(found)
    return (
        "ok",
        flags,
        "Nothing that changes slowly over the recording tells the test labels under this split.",
    )


def _percent(share):
    return f"{100 * min(max(share, 0.0), 1.0):.0f} %"
