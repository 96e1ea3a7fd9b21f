"""BIDS sets as they are published: simulated recordings whose events.tsv have each set's own columns."""

import pandas as pd

import eegimg


def things_eeg1(table):
    """ds003825: no trial_type, durations in milliseconds, Windows paths, -1 for the object in validation trials."""
    validation = table["split"] == "test"
    return pd.DataFrame(
        {
            "onset": table["onset"],
            "duration": "50",
            "eventnumber": range(len(table)),
            "blocksequencenumber": table["block"],
            "object": table["concept"].mask(validation, "-1"),
            "stim": "stimuli\\" + table["concept"] + "\\" + table["stim_file"],
        }
    )


def alljoined1(table):
    """nm000133: the number of the photograph in trial_type and value, and its file in newer versions."""
    numbers = pd.Series(pd.factorize(table["image"])[0] + 1, table.index).astype(str)
    return pd.DataFrame(
        {
            "onset": table["onset"],
            "duration": "0.3",
            "trial_type": "image/" + numbers,
            "value": numbers,
            "stim_file": table["stim_file"],
        }
    )


def alljoined_16m(table):
    """nm000134: kinds of trials in trial_type; responses and catch trials have no file."""
    kinds = table["split"].map({"train": "stim_train", "test": "stim_test"})
    shown = pd.DataFrame(
        {
            "onset": table["onset"],
            "duration": "0.1",
            "trial_type": kinds,
            "value": pd.factorize(table["image"])[0] + 1,
            "marker_index": range(len(table)),
            "stim_file": table["stim_file"],
        }
    ).astype(str)
    answers = pd.DataFrame(
        {
            "onset": (table["onset"].iloc[:2].astype(float) + 0.3).astype(str),
            "duration": "0",
            "trial_type": ["oddball", "behav"],
            "value": "1",
            "marker_index": "-1",
            "stim_file": "n/a",
        }
    )
    return pd.concat([shown, answers], ignore_index=True).sort_values(
        "onset", key=lambda onset: onset.astype(float)
    )


WRITERS = {"things_eeg1": things_eeg1, "alljoined1": alljoined1, "alljoined_16m": alljoined_16m}


def write_published_bids(root, name, **options):
    """Simulate recordings and give them the events of a published set; return what each person saw.

    Parameters
    ----------
    root : pathlib.Path
        New folder.
    name : str
        One of ``WRITERS``.
    **options : dict
        Of :func:`eegimg.make_dataset`.

    Returns
    -------
    shown : dict of str to pandas.DataFrame
        The simulator's own events by subject.
    """
    eegimg.make_dataset(root, **options)
    shown = {}
    for file in sorted(root.glob("sub-*/eeg/*_events.tsv")):
        table = pd.read_csv(file, sep="\t", dtype=str)
        WRITERS[name](table).to_csv(file, sep="\t", index=False, na_rep="n/a")
        file.with_suffix(".json").unlink()
        shown[file.name[4:6]] = table
    (root / ".eegimg_fetch.json").write_text(f'{{"dataset": "{name}", "files": {{}}}}', encoding="utf-8")
    return shown
