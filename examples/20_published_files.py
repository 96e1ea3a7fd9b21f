"""
From published files to epochs
==============================

Convert published files to BIDS, load them, and see how a careless split inflates a score.

Nobody was recorded: the file is simulated, in the layout of OCED, the Object Category EEG Dataset. The
published files take the same path: ``eegimg.fetch_dataset("oced")`` returns the folder that is made here.
"""

import pathlib
import tempfile

import mne
import numpy as np
import scipy.io
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import eegimg
from eegimg.datasets import planted_evoked

# %%
# A file as it is published
# -------------------------
# One person, 72 pictures of six categories, ten times each. Of the 17 features that a picture's answer depends
# on, a category shares little and each picture has much of its own. White noise is added at 64 electrodes, and
# the trials are taken to the net of 124 channels.

folder = tempfile.TemporaryDirectory()
published = pathlib.Path(folder.name) / "oced"
published.mkdir()
rng = np.random.default_rng(0)

raw, truth = eegimg.make_recording(72, n_repetitions=1, n_channels=64, sfreq=125.0)
category = np.repeat(np.arange(6), 12)
of_category, of_picture = rng.standard_normal((6, 17)), rng.standard_normal((72, 17))
truth["features"] = 0.3 * of_category[category] + of_picture
answers = np.array([planted_evoked(truth, image)[:, :64:2] for image in truth["images"]])

shown = rng.permutation(np.repeat(np.arange(72), 10))
trials = answers[shown] + 8e-6 * rng.standard_normal((len(shown), *answers.shape[1:]))
info = mne.create_info(truth["ch_names"], 62.5, "eeg").set_montage(raw.get_montage())
net = mne.channels.make_standard_montage("GSN-HydroCel-128")
trials = mne.EpochsArray(trials, info, verbose="error").interpolate_to(net, method="spline")
trials = trials.pick([f"E{number}" for number in range(1, 125)]).get_data(units="uV")
trials -= trials.mean(axis=1, keepdims=True)  # average reference

variables = {"X_3D": np.moveaxis(trials, 0, 2), "Fs": 62.5}
labels = {"categoryLabels": category[shown] + 1, "exemplarLabels": shown + 1}
scipy.io.savemat(published / "S1.mat", {**variables, **labels})

# %%
# What must be known of it
# ------------------------
# Facts are there before any file is opened.

facts = eegimg.read_descriptor("oced")
print(f"{facts.title}\nlicence {facts.licence}, terms {facts.terms}, design {facts.design}")
for caveat in facts.caveats:
    print("-", caveat)

# %%
# To BIDS
# -------
# The trials of a person become one discontinuous recording. The authors have filtered them, so that it is a
# derivative dataset, and its files say so.

root = eegimg.convert_dataset("oced", published, pathlib.Path(folder.name) / "oced-bids", progress=False)
for file in sorted(path for path in root.rglob("*") if path.is_file()):
    print(file.relative_to(root))

# %%
# Load
# ----
# The pictures of this dataset are not distributed. Where they are, ``images=`` names their folder and the
# column ``path`` says where each one lies.

dataset = eegimg.load_dataset("oced", root=root)
dataset.images.head()

# %%
# ``epochs`` runs the recipe of the dataset, which here cuts the published trials out again and changes nothing.

epochs = dataset.epochs()
epochs.metadata[["image", "concept", "repetition", "source_index"]].head()

# %%

figure = epochs.average().plot_joint(show=False)

# %%
# Two ways to split
# -----------------
# A small decoder is asked for the category. With random folds it is tested on new trials of pictures that it
# was trained on; by picture, on pictures that it has never seen.

data = epochs.get_data(units="uV")
windows = data.reshape(*data.shape[:2], 4, 8).mean(axis=3).reshape(len(data), -1)
concept, image = epochs.metadata["concept"], epochs.metadata["image"]
decoder = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))

random = cross_val_score(decoder, windows, concept, cv=StratifiedKFold(4, shuffle=True, random_state=0))
by_picture = StratifiedGroupKFold(4, shuffle=True, random_state=0)
held_out = cross_val_score(decoder, windows, concept, groups=image, cv=by_picture)
print(f"random folds: {random.mean():.2f}   split by picture: {held_out.mean():.2f}   chance: {1 / 6:.2f}")

# %%
# The second number is what this decoder knows of categories. What the first one has more comes from pictures
# it knows already, and would be there if categories had no effect at all. The sizes are those of this
# simulation; that random folds leak on the real recordings was shown by
# `Kilgallen, Pearlmutter and Siskind (2024) <https://arxiv.org/abs/2406.16902>`_. A split by picture does not
# mend a block design, in which whatever drifts tells categories apart; the caveats of a dataset say where it is one.

folder.cleanup()
