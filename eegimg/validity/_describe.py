"""What each statistic of an audit means."""

import pandas as pd

from . import _decide

# name: (threshold that votes or None, meaning)
MEANINGS = {
    "exposure": (_decide.MIN_EXPOSURE, "kappa of votes by training trials near in time, no EEG used"),
    "exposure_z": (_decide.MIN_EXPOSURE_Z, "the same against permuted labels"),
    "position_exposure": (
        _decide.MIN_EXPOSURE,
        "kappa of votes by trials at the same place of other recordings",
    ),
    "position_exposure_z": (_decide.MIN_EXPOSURE_Z, "the same against permuted labels"),
    "order_exposure": (
        _decide.MIN_ORDER,
        "kappa of time alone, whole runs held out in the order that was used",
    ),
    "drift": (_decide.MIN_DRIFT, "z of the dependence of features on time within labels, largest set"),
    "run_similarity": (
        _decide.MIN_RUN_SIMILARITY,
        "z of runs of different labels being alike when near in time",
    ),
    "position_leak": (_decide.MIN_LEAK, "mean kappa of labels moved along by 4 to 8 places, best decoder"),
    "leak": (_decide.MIN_LEAK, "mean kappa of labels moved from run to run, best decoder"),
    "kappa": (None, "kappa of the true labels, best decoder"),
    "kappa_se": (
        _decide.ABOVE_CHANCE,
        "kappa of the true labels in standard errors, trials independent",
    ),
    "run_p": (None, "share of relabellings that reach the kappa of the true labels"),
    "n_partitions": (None, "ways of putting runs together, the true one included"),
    "n_relabellings": (None, "relabellings that were decoded"),
    "drift_means": (None, "drift in means of 0.1 s windows (z)"),
    "drift_dc": (None, "drift in the mean of the epoch (z)"),
    "drift_power": (None, "drift in band power (z)"),
    "drift_covariance": (None, "drift in covariance (z)"),
    "slow_drift": (None, "kappa of the mean of the epoch alone"),
    "high_pass": (None, "kappa of power and covariance above 5 Hz: filtering does not remove a leak"),
    "baseline_mean": (None, "kappa of the mean before the picture"),
    "baseline_variance": (None, "kappa of the variance before the picture"),
    "run_length": (None, "median length of a run of one label, trials"),
    "runs_per_label": (None, "smallest number of runs of a label"),
    "repeats": (None, "share of trials with the label of the trial before"),
    "time_information": (None, "information on the label in the twelfth of the recording, share of entropy"),
    "previous_label": (None, "kappa of telling a label from the one before"),
    "previous_label_z": (None, "the same against permuted labels"),
}


def describe_numbers(numbers):
    """Return statistics as a table.

    Parameters
    ----------
    numbers : dict of str to float
        Statistics.

    Returns
    -------
    table : pandas.DataFrame
        statistic, value, threshold (None where it does not vote), votes (whether it does), meaning.
    """
    rows = [
        (name, numbers[name], threshold, threshold is not None, meaning)
        for name, (threshold, meaning) in MEANINGS.items()
        if name in numbers
    ]
    return pd.DataFrame(rows, columns=["statistic", "value", "threshold", "votes", "meaning"])
