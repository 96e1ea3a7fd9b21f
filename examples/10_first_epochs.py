"""
From a recording to epochs
==========================

Simulate a person who looks at pictures, clean the recording step by step, and see what each step found.

The simulation plants bad channels, blinks, muscle bursts and line noise at known places, so that what the
steps find can be compared with what is there. Your own BIDS dataset goes where ``root`` stands.
"""

import pathlib
import tempfile

import eegimg
from eegimg.preprocessing import (
    ICA,
    Filter,
    FindBadChannels,
    Interpolate,
    MakeEpochs,
    Notch,
    RejectPeakToPeak,
    Rereference,
)

# %%
# A dataset
# ---------
# Ten pictures, shown four times each, as a valid BIDS dataset with the picture files in ``stimuli``.

folder = tempfile.TemporaryDirectory()
root = pathlib.Path(folder.name) / "pictures"
truth = eegimg.make_dataset(root, n_subjects=1, n_images=10, n_repetitions=4)["01"]
dataset = eegimg.load_dataset(None, root=root)
dataset.images[["image", "concept", "n_shown"]].head()

# %%
# The recording as MNE reads it, events.tsv in its annotations:

raw = dataset.raw(subject="01")
raw

# %%
# Steps
# -----
# Bad channels come first, because an average reference would spread them over all others. ICA looks at a
# copy of the recording filtered to 1-100 Hz, so the low-pass stands behind it.

pipe = eegimg.Pipeline(
    FindBadChannels(),
    Notch(),
    Filter(l_freq=0.1, h_freq=None),
    Rereference(),
    ICA(),
    Interpolate(),
    Filter(l_freq=None, h_freq=40.0),
    MakeEpochs(tmin=-0.2, tmax=0.6),
    RejectPeakToPeak(reject={"eeg": 150e-6}),
)
epochs = pipe.fit_transform(raw)
epochs

# %%
# What each step found and cost
# -----------------------------
# ``pipe.log_`` holds a record for each step. It is also what the sidecar of a derivative and the report show.

for record in pipe.log_:
    lost = ", ".join(f"{amount:g} {what}" for what, amount in record["lost"].items() if amount > 0)
    print(f"{record['step']:17} {record['seconds']:6.2f} s   lost: {lost or 'nothing'}")

# %%
# Bad channels, and those that were planted:

print("found:  ", pipe.log_[0]["found"]["bads"])
print("planted:", truth["bad_channels"])

# %%
# Components that were removed:

for component in pipe.log_[4]["found"]["components"]:
    if component["excluded"]:
        print(f"{component['label']}: probability {component['probability']:.2f}, by {component['reason']}")

# %%
# The response
# ------------
# The average over all pictures. Every epoch knows its picture in ``epochs.metadata``.

figure = epochs.average(picks="eeg").plot_joint(show=False)

# %%

epochs.metadata[["image", "concept", "repetition", "split"]].head()

# %%
# The same for a whole dataset, with a report, is one call:
#
# .. code-block:: python
#
#    summary = eegimg.preprocess_dataset(root, out="derivatives", recipe="default")
#    summary.table

folder.cleanup()
