"""
What a decoding number is worth
===============================

Decode four concepts with 87 % accuracy from a recording that holds nothing about them, and see it found out.

Where pictures of a concept are shown in blocks, whatever changes slowly tells the concepts apart: drying
electrodes, tiredness, muscles. ``audit_design`` asks whether that can explain a number. What a good number
shows at best is that the EEG which a picture evokes goes with something about the picture; it reads no
thoughts.
"""

import textwrap

import mne
import numpy as np
import pandas as pd
from scipy.stats import zscore
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

import eegimg
from eegimg.preprocessing import Filter, MakeEpochs
from eegimg.validity import audit_design, average_repetitions, check_split, evaluate, make_split

mne.set_log_level("warning")
threadpool_limits(1)  # several threads only slow small matrices down

# %%
# A recording that knows nothing
# ------------------------------
# 400 pictures, all with the same response: ``gain=0`` leaves nothing that differs between them. What is
# there besides is drift. The potential of each electrode walks at random, and so does the strength of its
# signal.

rng = np.random.default_rng(0)


def wander(signal):
    """Let the offset and the strength of one electrode walk at random."""
    walks = np.cumsum(rng.standard_normal((2, len(signal))), axis=1)
    offset, strength = zscore(walks, axis=1)
    return signal * np.exp(0.3 * strength) + 20e-6 * offset


options = {"sfreq": 125.0, "artifacts": False, "bad_channels": False}
raw, _ = eegimg.make_recording(40, 10, gain=0, **options)
raw.apply_function(wander, picks="eeg")
cut = MakeEpochs(tmin=0.0, tmax=0.6, baseline=None)
epochs = eegimg.Pipeline(cut).fit_transform(raw)

# %%
# Since no response depends on a picture, we may say afterwards what was shown: four concepts in blocks of 25
# pictures. A round has a block of each, in random order; there are four rounds.

rng = np.random.default_rng(2)
names = ["cat", "dog", "key", "sun"]
shown = np.concatenate([rng.permutation(names) for _ in range(4)])
block = np.arange(400) // 25
epochs.metadata = pd.DataFrame({"concept": shown[block], "block": block, "round": block // 4})

# %%
# An ordinary classifier
# ----------------------
# Means of five windows of each electrode, scaled, and a linear discriminant analysis, with random folds.


def windows(data):
    """Return the means of five windows of 0.12 s."""
    means = data[:, :, :75].reshape(*data.shape[:2], 5, 15).mean(axis=3)
    return means.reshape(len(data), -1)


decoder = make_pipeline(
    FunctionTransformer(windows),
    StandardScaler(),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
)
data, labels = epochs.get_data(picks="eeg"), epochs.metadata["concept"]
folds = StratifiedKFold(5, shuffle=True, random_state=0)
scores = cross_val_score(decoder, data, labels, cv=folds)
print(f"accuracy {scores.mean():.2f}, chance 0.25")

# %%
# What the audit says
# -------------------
# Random folds put trials of a block on both sides, so the time of a trial tells its concept. The audit then
# moves the labels of whole blocks around at random. These moved labels mean nothing, and are decoded just
# as well.

audit = audit_design(epochs, split=5, estimator=decoder)
print(audit)

# %%
# The coloured lines show when each concept came, the black one below them which trials the first fold tests.
# In the lower left, orange is what moved labels reach.

audit.plot()

# %%
# ``evaluate`` trains and tests a decoder, but it gives no number for such a design:

try:
    evaluate(epochs, decoder, split=5)
except ValueError as error:
    print(textwrap.fill(str(error), 80))

# %%
# Unless you accept it. Then the number comes with its null beside it, and here the null is as large:

print(evaluate(epochs, decoder, split=5, accept_confound=True))

# %%
# A filter does not save it
# -------------------------
# A high-pass of 5 Hz takes the drift out of the potentials, and this classifier to chance. It leaves the
# strength of the signal, which drifts as well: decoders of power and covariance still tell the blocks.

high_pass = Filter(l_freq=5.0, h_freq=None)
filtered = eegimg.Pipeline(high_pass, cut).fit_transform(raw)
filtered.metadata = epochs.metadata
audit = audit_design(filtered, split=5, estimator=decoder)
print(f"{audit.verdict}\n")
print("decoder         true labels  moved labels (kappa; 0 is chance)")
for name, found in audit.decoders.items():
    print(f"{name:15} {found['kappa']:11.2f} {np.mean(found['null']):13.2f}")

# %%
# Hold stretches of time out
# --------------------------
# A decoder that is tested on a whole round has met none of the blocks in it. The verdict is about data *and
# split*: now it is ok, and the number is chance.

print(evaluate(epochs, decoder, split="round"))

# %%
# Ok means that drift does not explain the number. It does not make 16 blocks many: with the blocks in another
# order, the same data gave anything from 0.16 to 0.32. So ``p`` counts moved blocks, not trials.
#
# Pictures in random order
# ------------------------
# The same drift, but pictures of ten concepts in random order, and responses that depend on the picture.
# Whole pictures are held out, so that the decoder meets known concepts in new pictures.

raw, _ = eegimg.make_recording(40, 10, gain=4, **options)
raw.apply_function(wander, picks="eeg")
rapid = eegimg.Pipeline(cut).fit_transform(raw)
rapid.metadata["split"] = make_split(rapid, by="image", test_size=0.25, validation_size=0)
print(evaluate(rapid, decoder, split="split"))

# %%
# Drift is in there too. It does not matter, as time tells nothing about the concepts:

audit_design(rapid, split="split", estimator=decoder).plot()

# %%
# Check a split before you trust it
# ---------------------------------
# Time is one way in which a split can leak. ``check_split`` looks for the others. Random folds would have
# tested this decoder on pictures that it knows:

print(check_split(rapid, folds).leaks[0])

# %%
# Under the split by picture, here is what both parts share. None of it is a leak:

report = check_split(rapid, "split")
report.raise_if_leaking()  # would stop a script
report.table.query("count > 0")[["check", "count", "of", "severity", "meaning"]]

# %%
# Averages of repetitions are easier to decode. They are made after the split, within its parts. Say how many
# trials are in one when you report the number.

averages = average_repetitions(rapid, 5)
card = evaluate(averages, decoder, split="split")
print(f"{len(averages)} averages of five, accuracy {card.metrics['accuracy']['value']:.2f}, chance 0.10")
