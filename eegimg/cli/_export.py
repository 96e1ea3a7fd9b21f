"""``eegimg export``: finished epochs as a store for training, and as one file to hand on."""

import pathlib
from typing import Annotated

import typer

from . import _screen
from ._errors import one_sentence


def export(
    derivatives: Annotated[pathlib.Path, typer.Argument(help="Folder that eegimg preprocess wrote.")],
    out: Annotated[pathlib.Path, typer.Option("--out", help="Folder for the store.")],
    recipe: Annotated[
        str | None, typer.Option(help="Recipe whose epochs to take, where there are several.")
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Only this subject; may be given several times.")
    ] = None,
    hdf5: Annotated[
        pathlib.Path | None, typer.Option("--hdf5", help="Write the store into one HDF5 file as well.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="Column of the metadata that marks training epochs; '' for none.")
    ] = "split",
    n_jobs: Annotated[int, typer.Option(help="Recordings at a time.")] = 1,
    add: Annotated[
        bool, typer.Option("--add", help="Add recordings to a store, such as one job for each subject.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the store that is there.")] = False,
):
    """Write finished epochs as a store that training reads at memory speed."""
    from ..store import write_store

    with one_sentence(), _screen.progress(f"Exporting {derivatives}") as watch:
        store = write_store(
            derivatives,
            out,
            recipe=recipe,
            subjects=subject or None,
            split=split or None,
            n_jobs=n_jobs,
            add=add,
            overwrite=overwrite,
            watch=watch,
        )
        if hdf5 is not None:
            store.to_hdf5(hdf5)
    typer.echo(summary_line(store, hdf5))


def summary_line(store, hdf5=None):
    """Say what a store holds.

    Parameters
    ----------
    store : eegimg.store.Store
        Just written.
    hdf5 : path-like | None
        Its copy in one file.

    Returns
    -------
    text : str
        Two sentences, and one for the copy.
    """
    manifest = store.manifest
    n_bytes = sum(entry["bytes"] for part in manifest["recordings"] for entry in part["shards"])
    n_recordings = len(manifest["recordings"])
    split = manifest["split"]
    parts = ", ".join(f"{part} {count:,}" for part, count in split["counts"].items()) if split else "none"
    lines = [
        f"{store.path}: {len(store):,} epochs of {n_recordings} recording{'s' if n_recordings > 1 else ''}, "
        f"{store.n_channels} channels, {store.n_times} samples at {store.sfreq:g} Hz, "
        f"{n_bytes / 1e6:,.1f} MB.",
        f"Split: {parts}. Design: {manifest['audit']['verdict']}.",
    ]
    if manifest["transductive_steps"]:
        lines.append(f"Transductive: {', '.join(manifest['transductive_steps'])}.")
    if hdf5 is not None:
        lines.append(f"Copy: {hdf5}, {pathlib.Path(hdf5).stat().st_size / 1e6:,.1f} MB.")
    return "\n".join(lines)
