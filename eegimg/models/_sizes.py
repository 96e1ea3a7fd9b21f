"""The words of a network's constructor: which there are, what weights fix, and what stands in the card."""

import copy
import dataclasses
import inspect
import math

from .._checks import listing, suggest

# These describe the recording, and stand in the input's facts as well.
_OF_INPUT = ("n_chans", "n_times", "sfreq")
_OF_WINDOW = ("n_times", "sfreq", "tmin", "duration", "length")


def constructor_words(builder):
    """Return the parameters of a builder by name, and whether it takes any others."""
    parameters = inspect.signature(builder).parameters.values()
    named = {
        parameter.name: parameter
        for parameter in parameters
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    return named, any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def choose_sizes(name, builder, known, given, trained=None, free=()):
    """Return every word that a network is built with.

    Parameters
    ----------
    name : str
        Of the model, for sentences.
    builder : callable
        What builds it.
    known : dict
        Sizes of the card and the checkpoint.
    given : dict
        What the user asks for.
    trained : str | None
        What fixes the known sizes ("the weights of ..."), None where nothing does.
    free : sequence of str
        Words that weights do not fix.

    Returns
    -------
    sizes : dict
        With the builder's defaults.

    Raises
    ------
    TypeError, ValueError
        If a word is unknown or missing, or the weights fix it to something else.
    """
    words, takes_any = constructor_words(builder)
    given = _with_channels(given)
    for key in given:
        if key not in words and not takes_any:
            raise TypeError(
                f"The model {name!r} has no size {key!r}; its sizes are {listing(words, 30)}."
                f"{suggest(key, words)}"
            )
    defaults = {key: word.default for key, word in words.items() if word.default is not word.empty}
    known = {**defaults, **{key: value for key, value in known.items() if key in words or takes_any}}
    if trained is not None:
        _check_fixed(known, given, trained, free)
    # Copied, since the builder may keep what it is given.
    sizes = copy.deepcopy({**known, **given})
    missing = [key for key, word in words.items() if word.default is word.empty and key not in sizes]
    if missing:
        example = ", ".join(f"{key}=..." for key in missing)
        raise TypeError(
            f"The model {name!r} needs {listing(missing)}, which its card does not fix: call "
            f"create_model({name!r}, {example})."
        )
    return sizes


def _with_channels(given):
    """Return words whose channels are plain, and whose number is that of the channels."""
    if given.get("chs_info") is None:
        return given
    channels = plain_channels(given["chs_info"])
    n_chans = given.get("n_chans")
    if n_chans not in (None, len(channels)):
        raise ValueError(
            f"create_model was given n_chans={n_chans} and a chs_info of {len(channels)} channels. Give one."
        )
    return {**given, "chs_info": channels, "n_chans": len(channels)}


def _check_fixed(known, given, trained, free):
    """Refuse sizes that weights fix; None was no choice and may be filled, and a head can start anew."""
    for key, value in given.items():
        fixed = known.get(key)
        if key not in ("n_outputs", *free) and fixed is not None and value != fixed:
            may = f" It may differ in {listing(free)}." if free else ""
            how = " card.prepare(epochs) brings other recordings there." if key in _OF_INPUT else ""
            raise ValueError(
                f"{trained} fix {key}={fixed!r}. Got {key}={value!r} instead: leave it out, or build "
                f"without weights.{may}{how}"
            )


def plain_channels(chs_info):
    """Return of mne's ``info["chs"]`` what networks use and JSON can hold: names and positions.

    Parameters
    ----------
    chs_info : sequence of dict
        Of mne, or what this function returned.

    Returns
    -------
    channels : list of dict
        Each with ``ch_name`` and, where it is known, ``loc`` (x, y, z in m).

    Raises
    ------
    TypeError
        If it is no list of channels.
    """
    try:
        return [_plain_channel(channel) for channel in chs_info]
    except (TypeError, KeyError, ValueError, AttributeError) as err:
        raise TypeError(
            f"The 'chs_info' parameter must be a list of channels such as epochs.info['chs']. Got "
            f"{chs_info!r} instead."
        ) from err


def _plain_channel(channel):
    name, loc = {"ch_name": str(channel["ch_name"])}, [float(value) for value in channel.get("loc", ())[:3]]
    return name | ({"loc": loc} if loc and all(map(math.isfinite, loc)) else {})


def with_sizes(card, sizes, given):
    """Return a card that says what was built: its sizes, and an input that agrees with them.

    Parameters
    ----------
    card : ModelCard
        Of the architecture or the weights.
    sizes : dict
        From :func:`choose_sizes`.
    given : dict
        What the user asked for: another number of samples or another rate than the card's makes a network for
        another window.

    Returns
    -------
    card : ModelCard
        A copy.
    """
    facts = copy.deepcopy(card.input)
    if any(key in given and given[key] != card.sizes.get(key) for key in ("n_times", "sfreq")):
        facts = {key: value for key, value in facts.items() if key not in _OF_WINDOW}
    facts |= {key: sizes[key] for key in _OF_INPUT if key in facts and sizes.get(key) is not None}
    if sizes.get("chs_info"):
        facts["ch_names"] = [channel["ch_name"] for channel in sizes["chs_info"]]
    elif len(facts.get("ch_names", ())) != sizes.get("n_chans"):
        # Names of a montage that was not built.
        facts.pop("ch_names", None)
    return dataclasses.replace(card, sizes=copy.deepcopy(sizes), input=facts)
