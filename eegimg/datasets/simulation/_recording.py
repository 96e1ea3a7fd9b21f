"""One simulated recording of a person looking at images, with everything known that a method should find."""

import mne
import numpy as np

from ..._checks import check_number, check_option
from . import _artifacts, _design, _head, _icons, _noise, _planted

TRIAL_SPREAD = 0.2  # standard deviation of the logarithm of the gain of single trials
EOG_NOISE_UV = 5.0
EVENT_COLUMNS = ("stim_file", "image", "concept", "repetition", "block", "split")


def make_recording(
    n_images=None,
    n_repetitions=4,
    design="rapid-event",
    *,
    subject=0,
    n_channels=32,
    sfreq=250.0,
    soa=0.9,
    gain=1.0,
    drift=0.0,
    line_freq=50.0,
    bad_channels=True,
    artifacts=True,
    jitter=0.004,
    images=None,
    random_state=0,
):
    """Simulate one recording.

    A person sees icons (sun, house, tree and seven more) whose colours, size and place do not depend on the
    concept. Every image evokes a response that depends on its features through smooth maps (dipoles in a
    sphere model) and short waves, on top of a response common to all images. To that come 1/f background,
    alpha, mains hum, blinks, muscle bursts, three bad channels and marks that are a little off.

    At ``gain=1`` a single-trial probe (shrinkage LDA on means of 4 samples at 128 Hz, 2000 trials of 200
    images, no artefacts, images held out) tells the ten concepts apart in 0.66 of trials, median of 12 people
    from three seeds (0.53 to 0.77; chance is 0.1). With the default 160 trials it stays at chance: 3 to 4
    times the gain makes so short a recording decodable (0.4 and 0.6 of trials of new images).

    Parameters
    ----------
    n_images : int | None
        How many images; None means all of ``images``, or 40.
    n_repetitions : int
        How often each is shown.
    design : str
        ``"rapid-event"`` (random order) or ``"block"`` (all trials of a concept in a row).
    subject : int
        Which person: own maps, latencies, strength, noise and order of images.
    n_channels : int
        EEG channels, 16, 32 or 64; HEOG and VEOG come on top. The reference, FCz, is not among them.
    sfreq : float
        Sampling rate in Hz, at least 100.
    soa : float
        Mean time from one image to the next in seconds; an image stays for 0.1 s.
    gain : float
        Strength of the response to images; 0 leaves only what all images have in common.
    drift : float
        Strength of a slow change of the mean, root mean square in microvolts.
    line_freq : float | None
        Mains frequency in Hz; None for no hum.
    bad_channels : bool
        Whether one channel drifts, one is dead and one is noisy.
    artifacts : bool
        Whether there are blinks and muscle bursts.
    jitter : float
        Standard deviation in seconds of the marks around the true onsets, at most a tenth of ``soa``.
    images : pandas.DataFrame | None
        As from :func:`eegimg.datasets.simulation._icons.make_icons`; None draws them from ``random_state``.
    random_state : int
        Seed. The same seed and subject give the same recording, whatever other subjects are made.

    Returns
    -------
    raw : mne.io.RawArray
        In volts, with template positions. Its annotations are the marks: description = concept, extras = the
        columns of ``EVENT_COLUMNS``.
    truth : dict
        parameters; ch_names; bad_channels ({name: kind}); spans (artefacts: kind, onset, duration,
        amplitude); blink_pattern (n_channels,); images (names), features (n_images, 17) and feature_names;
        patterns, courses, times and loadings of the planted signal, see :func:`planted_evoked`; onsets and
        marks (n_trials,) in samples, trial_image (n_trials,) index into images, trial_gain (n_trials,).

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.
    """
    check_number("random_state", random_state, "make_recording", at_least=0, integer=True)
    images = _images(n_images, images, random_state)
    settings = {
        "n_images": len(images),
        "n_repetitions": n_repetitions,
        "design": design,
        "subject": subject,
        "n_channels": n_channels,
        "sfreq": sfreq,
        "soa": soa,
        "gain": gain,
        "drift": drift,
        "line_freq": line_freq,
        "bad_channels": bad_channels,
        "artifacts": artifacts,
        "jitter": jitter,
        "random_state": random_state,
    }
    _check(settings)
    info = _head.create_info(n_channels, sfreq)
    info["line_freq"] = line_freq
    data, trials, planted = _record(images, settings)
    raw = mne.io.RawArray(data, info, verbose="ERROR")
    raw.info["temp"] = {"reference": _head.REFERENCE}  # where eegimg.bids.read_raw notes it too
    raw.set_annotations(_annotations(trials, planted["marks"], sfreq))
    truth = {
        "parameters": {**settings, "reference": _head.REFERENCE, "alpha_freq": planted.pop("alpha_freq")},
        "ch_names": list(_head.layout(n_channels)),
        "images": images["image"].tolist(),
        "feature_names": list(_icons.FEATURE_NAMES),
    }
    return raw, {**truth, **planted}


def _record(images, settings):
    """Return the data in volts, EEG then EOG, the trials, and those parts of the truth that were drawn."""
    n_channels, sfreq, subject = settings["n_channels"], settings["sfreq"], settings["subject"]
    seed = settings["random_state"]
    # One stream of random numbers for each part, so that switching one off leaves the others as they are.
    order, brain, amplifier, muscles, faults = (
        np.random.default_rng([seed, 3, subject, part]) for part in range(5)
    )
    trials, timing = _schedule(images, settings, order)
    features = _icons.icon_features(images)
    components = _planted.make_components(n_channels, sfreq, subject, settings["gain"], seed)
    data = np.zeros((n_channels + len(_head.EOG), timing.pop("n_times")))
    eeg, eog = data[:n_channels], data[n_channels:]
    alpha_freq = _add_noise(eeg, eog, brain, amplifier, settings)
    if settings["line_freq"] is not None:
        _noise.add_line_noise(data, amplifier, sfreq, settings["line_freq"])
    _planted.add_responses(
        eeg, components, features[timing["trial_image"]], timing["onsets"], timing["trial_gain"]
    )
    spans, bads = [], {}
    if settings["artifacts"]:
        spans = _artifacts.add_blinks(eeg, eog, muscles, sfreq) + _artifacts.add_muscle(eeg, muscles, sfreq)
    if settings["bad_channels"]:
        bads = _artifacts.spoil_channels(eeg, _head.layout(n_channels), faults, sfreq)
    planted = {
        "alpha_freq": alpha_freq,
        "bad_channels": bads,
        "spans": spans,
        "blink_pattern": _head.eye_topography(n_channels),
        "features": features,
    }
    return data, trials, {**planted, **components, **timing}


def _images(n_images, images, random_state):
    """Return the table of images, drawn where none was given."""
    check_number("n_images", n_images, "make_recording", at_least=1, integer=True, none=True)
    if images is None:
        return _icons.make_icons(40 if n_images is None else n_images, random_state)
    if n_images not in (None, len(images)):
        raise ValueError(
            f"The 'n_images' parameter of make_recording must be None or the number of the images given, "
            f"{len(images)}. Got {n_images!r} instead."
        )
    return images.reset_index(drop=True)


def _check(settings):
    caller = "make_recording"
    check_option("design", settings["design"], _design.DESIGNS, caller)
    check_option("n_channels", settings["n_channels"], tuple(_head.LAYOUTS), caller)
    check_number("n_repetitions", settings["n_repetitions"], caller, at_least=1, integer=True)
    check_number("subject", settings["subject"], caller, at_least=0, integer=True)
    check_number("sfreq", settings["sfreq"], caller, at_least=100)
    check_number("soa", settings["soa"], caller, at_least=0.15)
    check_number("gain", settings["gain"], caller, at_least=0)
    check_number("drift", settings["drift"], caller, at_least=0)
    check_number("line_freq", settings["line_freq"], caller, above=0, none=True)
    # Marks further off could pass one another.
    check_number("jitter", settings["jitter"], caller, at_least=0, at_most=0.1 * settings["soa"])


def _schedule(images, settings, rng):
    """Return the trials in order, and when each came on, was marked and how strongly it was answered."""
    sfreq = settings["sfreq"]
    trials = _design.make_trials(images, settings["n_repetitions"], settings["design"], rng)
    onsets, n_times = _design.make_onsets(trials["block"], settings["soa"], sfreq, rng)
    timing = {
        "n_times": n_times,
        "onsets": onsets,
        "marks": _design.make_marks(onsets, settings["jitter"], sfreq, rng),
        "trial_image": trials["index"].to_numpy(),
        "trial_gain": np.exp(TRIAL_SPREAD * rng.standard_normal(len(trials))),
    }
    return trials, timing


def _add_noise(eeg, eog, brain, amplifier, settings):
    """Add what goes on without images, in place, and return the person's alpha frequency."""
    sfreq = settings["sfreq"]
    _noise.add_background(eeg, brain, sfreq)
    alpha = _noise.add_alpha(eeg, brain, sfreq)
    if settings["drift"]:
        _noise.add_drift(eeg, brain, sfreq, settings["drift"])
    eog += EOG_NOISE_UV * 1e-6 * _noise.make_coloured_noise(amplifier, len(eog), eog.shape[1], sfreq)
    eog[1] += 0.3 * eeg[0]  # the brain also shows above the eyes
    return float(alpha)


def _annotations(trials, marks, sfreq):
    """Return the marks with the columns of events.tsv as extras."""
    table = trials.assign(stim_file=trials["image"] + ".png")[list(EVENT_COLUMNS)]
    return mne.Annotations(
        onset=marks / sfreq,
        duration=_design.STIMULUS_SECONDS,
        description=trials["concept"].tolist(),
        extras=table.to_dict("records"),
    )
