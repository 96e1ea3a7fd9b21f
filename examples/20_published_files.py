"""
From published files to epochs
==============================

Convert published files to BIDS, load them, and see how a careless split inflates a score.

Nobody was recorded: the file is simulated, in the layout of OCED, the Object Category EEG Dataset. The
published files take the same path: ``eegimg.fetch_dataset("oced")`` returns the folder that is made here.
"""

import pathlib
import tempfile
import textwrap

import mne
import numpy as np
import scipy.io
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import eegimg
from eegimg.datasets import planted_evoked

mne.set_log_level("warning")

# %%
# What must be known of it
# ------------------------
# Facts are there before any file is opened.

facts = eegimg.read_descriptor("oced")
print(f"{facts.title}\nlicence {facts.licence}, terms {facts.terms}")
for caveat in facts.caveats:
    print(textwrap.fill(f"- {caveat}", 70))

# %%
# A file as it is published
# -------------------------
# One person, 72 pictures of six categories, ten times each. An answer depends on 17 features: what a category
# has in common is weak, what each picture has of its own is strong. The answers are taken from 64 electrodes
# to the 124 of the published net, and white noise is added to each trial.

folder = tempfile.TemporaryDirectory()
published = pathlib.Path(folder.name) / "oced"
published.mkdir()
rng = np.random.default_rng(0)

raw, truth = eegimg.make_recording(72, 1, n_channels=64, sfreq=125.0)
category = np.repeat(np.arange(6), 12)
of_category = rng.standard_normal((6, 17))
of_picture = rng.standard_normal((72, 17))
truth["features"] = 0.3 * of_category[category] + of_picture
answers = np.array([planted_evoked(truth, image) for image in truth["images"]])

info = mne.create_info(truth["ch_names"], 125.0, "eeg")
answers = mne.EpochsArray(answers, info.set_montage(raw.get_montage()))
net = mne.channels.make_standard_montage("GSN-HydroCel-128")
answers = answers.interpolate_to(net, method="spline", reg=1e-3)
answers = answers.get_data(picks=facts.ch_names, units="uV")[:, :, :64:2]

shown = rng.permutation(np.repeat(np.arange(72), 10))
trials = answers[shown] + rng.normal(0, 8, (len(shown), 124, 32))
trials -= trials.mean(axis=1, keepdims=True)  # average reference

variables = {
    "X_3D": np.moveaxis(trials, 0, 2),
    "categoryLabels": category[shown] + 1,
    "exemplarLabels": shown + 1,
    "Fs": 62.5,
}
scipy.io.savemat(published / "S1.mat", variables)

# %%
# To BIDS
# -------
# The trials of a person become one discontinuous recording. The authors have filtered them, so that it is a
# derivative dataset, and its files say so.

root = pathlib.Path(folder.name) / "oced-bids"
eegimg.convert_dataset("oced", published, root, progress=False)
for file in sorted(root.rglob("*.*")):
    print(file.relative_to(root))

# %%
# Load
# ----
# The pictures of this dataset are not distributed. Where they are, ``images=`` names their folder and the
# column ``path`` says where each one lies.

dataset = eegimg.load_dataset("oced", root=root)
dataset.images.head()

# %%
# ``epochs`` runs the recipe of the dataset. The one of OCED cuts the published trials out again and changes
# nothing.

epochs = dataset.epochs()
epochs.metadata[["image", "concept", "repetition"]].head()

# %%

figure = epochs.average().plot_joint(times=[0.112, 0.272, 0.4], show=False)

# %%
# Two ways to split
# -----------------
# A small decoder is asked for the category. With random folds it is tested on new trials of pictures that it
# was trained on; by picture, on pictures that it has never seen.

data = epochs.get_data(units="uV")
windows = data.reshape(len(data), 124, 4, 8).mean(axis=3).reshape(len(data), -1)
concept, image = epochs.metadata["concept"], epochs.metadata["image"]
decoder = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))

folds = StratifiedKFold(4, shuffle=True, random_state=0)
random = cross_val_score(decoder, windows, concept, cv=folds)
folds = StratifiedGroupKFold(4, shuffle=True, random_state=0)
by_picture = cross_val_score(decoder, windows, concept, groups=image, cv=folds)
print(f"random folds {random.mean():.2f}, split by picture {by_picture.mean():.2f}, chance {1 / 6:.2f}")

# %%
# The second number is what this decoder knows of categories. What the first has more comes from pictures that
# it knows already, whatever they show. How large the difference is was chosen here, by the simulation; that
# random folds leak in the real recordings was shown by `Kilgallen, Pearlmutter and Siskind (2024)
# <https://arxiv.org/abs/2406.16902>`_. A split by picture does not mend a block design, where whatever drifts
# tells categories apart: the caveats say which datasets have one.

folder.cleanup()
