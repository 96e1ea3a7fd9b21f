"""Which epochs train, and which people are held out."""

import zlib

import numpy as np

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def hold_out(sources, share, seed):
    """Divide the epochs of every source into a training and a validation part, by subject.

    Nobody has epochs in both parts, also where several sources have the same people. Epochs that a source
    itself keeps for testing are in neither: pretraining needs no labels, but a network that has seen the
    signals of the test part has learned from it.

    Parameters
    ----------
    sources : sequence of Source
        Their stores' metadata have "subject", and perhaps "split".
    share : float
        Of the subjects of each group of people, at least one where there are two or more; 0 holds out nobody.
    seed : int
        Of the draw; adding a source changes nothing for the others.

    Returns
    -------
    parts : list of array of str, shape (n_epochs,)
        "train", "validation" or "" for each epoch of each source.
    subjects : dict of str to list of str
        Held-out subjects by group of people.

    Raises
    ------
    ValueError
        If a source has no training epoch, or there is nobody to hold out.
    """
    people = {}
    for source in sources:
        group = source.entry.people or source.name
        people.setdefault(group, set()).update(_subjects(source))
    held = {group: _draw(sorted(names), share, seed, group) for group, names in people.items()}
    held = {group: names for group, names in held.items() if names}
    if share and not held:
        raise ValueError(
            "The validation part is empty: no source of the corpus has two subjects, of whom one could be "
            "held out. Add people, or train without validation (validation = 0)."
        )
    return [_divide(source, held.get(source.entry.people or source.name, [])) for source in sources], held


def _subjects(source):
    metadata = source.store.metadata
    if "subject" not in metadata or metadata["subject"].isna().any():
        raise ValueError(
            f"The store {source.name} does not say of each epoch whose it is: its metadata need a column "
            "'subject', because people are held out whole."
        )
    return metadata["subject"].astype(str)


def _draw(names, share, seed, group):
    if not share or len(names) < 2:
        return []
    n_held = min(max(1, round(share * len(names))), len(names) - 1)
    rng = np.random.default_rng([seed, zlib.crc32(group.encode())])
    return sorted(rng.permutation(names)[:n_held].tolist())


def _divide(source, held):
    subjects = _subjects(source)
    metadata = source.store.metadata
    split = metadata["split"].astype(str) if "split" in metadata else None
    is_held = subjects.isin(held).to_numpy()
    parts = np.where(is_held, VALIDATION, TRAIN).astype(object)
    if split is not None:
        # Of the people who train, only what the source itself calls training.
        parts[(split == TEST).to_numpy() | ((split != TRAIN).to_numpy() & ~is_held)] = ""
    if not (parts == TRAIN).any():
        has = "" if split is None else f"; its column 'split' has {sorted(set(split))}"
        raise ValueError(f"The source {source.name} has no training epochs{has}. Leave it out of the corpus.")
    return parts
