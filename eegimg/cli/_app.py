"""Commands, their options and their exit codes: 0 all done, 1 some recordings failed, 2 wrong usage."""

import pathlib
from typing import Annotated

import typer

from .. import __version__
from .._checks import listing, suggest
from . import _screen
from ._errors import one_sentence
from ._export import export
from ._models import model as show_model
from ._models import models
from ._train import app as train_app

app = typer.Typer(
    name="eegimg",
    help="From EEG recorded while people look at images to clean, documented epochs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Root = Annotated[pathlib.Path, typer.Argument(help="BIDS dataset: the folder with dataset_description.json.")]
Out = Annotated[pathlib.Path, typer.Option("--out", help="Folder for the results.")]


def main():
    """Run the command line."""
    app()


def _version(wanted: bool):
    if wanted:
        typer.echo(f"eegimg {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
):
    pass


@app.command()
def preprocess(
    bids_root: Root,
    out: Out,
    recipe: Annotated[
        str | None,
        typer.Option(help="Name of a recipe or a TOML file; without, that of a known dataset, or default."),
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Only this subject; may be given several times.")
    ] = None,
    session: Annotated[list[str] | None, typer.Option(help="Only this session.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this task.")] = None,
    run: Annotated[list[str] | None, typer.Option(help="Only this run.")] = None,
    n_jobs: Annotated[int, typer.Option(help="Recordings at a time on this machine.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")] = False,
    line_freq: Annotated[
        float | None, typer.Option(help="Power line frequency in Hz where the dataset does not say.")
    ] = None,
    events_past_end: Annotated[
        str, typer.Option(help="raise or drop: events after the last sample.")
    ] = "raise",
    split: Annotated[
        str, typer.Option(help="Column of events.tsv that marks training epochs; '' for none.")
    ] = "split",
    allow_transductive: Annotated[
        bool, typer.Option("--allow-transductive", help="Let steps learn from test epochs, marked.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no pages.")] = False,
):
    """Preprocess a BIDS dataset: clean epochs, a report, and a table of what was done."""
    from ..datasets._identity import known_columns, known_design, known_recipe
    from ..runner import preprocess_dataset

    with one_sentence(), _screen.progress(f"Preprocessing {bids_root}") as watch:
        summary = preprocess_dataset(
            bids_root,
            out,
            recipe=known_recipe(bids_root) if recipe is None else recipe,
            subjects=subject or None,
            sessions=session or None,
            tasks=task or None,
            runs=run or None,
            n_jobs=n_jobs,
            scheduler=scheduler,
            dry_run=dry_run,
            line_freq=line_freq,
            events_past_end=events_past_end,
            columns=known_columns(bids_root),
            design=known_design(bids_root),
            split=split or None,
            allow_transductive=allow_transductive,
            report=not no_report,
            watch=watch,
        )
    _screen.summary(summary)
    if summary.failed:
        raise typer.Exit(1)


@app.command()
def report(
    out: Annotated[pathlib.Path, typer.Argument(help="Folder that eegimg preprocess wrote.")],
):
    """Write the report of finished results again, without preprocessing."""
    from ..runner import rebuild_report

    with one_sentence():
        summary = rebuild_report(out)
    _screen.summary(summary)


@app.command()
def audit(
    path: Annotated[
        pathlib.Path,
        typer.Argument(
            help="File of epochs (*epo.fif), folder that eegimg preprocess wrote, or BIDS dataset."
        ),
    ],
    label: Annotated[str, typer.Option(help="Column of the metadata that is decoded.")] = "concept",
    split: Annotated[
        str | None,
        typer.Option(help="Column that marks training and test epochs, or a number of random folds."),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Column that tells recordings apart; may be given several times."),
    ] = None,
    order: Annotated[str | None, typer.Option(help="Column that says when each trial was recorded.")] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Only this subject; may be given several times.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Recipe whose epochs to audit, or to run on a BIDS dataset.")
    ] = None,
    out: Annotated[
        pathlib.Path | None, typer.Option("--out", help="Folder for a page and a JSON file of each audit.")
    ] = None,
    accuracy: Annotated[
        float | None, typer.Option(help="Accuracy to judge, 0 to 1, such as a published one.")
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="One audit of all subjects, for splits across them.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a verdict is confounded.")
    ] = False,
    random_state: Annotated[int, typer.Option(help="Seed.")] = 0,
):
    """Say what a decoding result on these epochs is worth: whether the order of trials can explain it."""
    from ._audit import run_audits

    with one_sentence(), _screen.progress(f"Auditing {path}") as watch:
        rows, remarks = run_audits(
            path,
            subjects=subject or None,
            recipe=recipe,
            together=together,
            out=out,
            watch=watch,
            label=label,
            split=int(split) if split is not None and split.isdecimal() else split,
            group=group[0] if group and len(group) == 1 else group or None,
            order=order,
            accuracy=accuracy,
            random_state=random_state,
        )
    _screen.audits(rows, remarks)
    wrong = {"failed", "confounded"} if strict else {"failed"}
    if any(row["status"] in wrong for row in rows):
        raise typer.Exit(1)


@app.command()
def datasets():
    """List the datasets that eegimg knows."""
    from ..datasets import list_datasets, read_descriptor

    with one_sentence():
        _screen.datasets([read_descriptor(name) for name in list_datasets()])


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Name of a dataset.")],
    root: Annotated[
        pathlib.Path | None, typer.Option(help="Folder for this dataset; eegimg_data/NAME without.")
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Only this subject; may be given several times.")
    ] = None,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="You have read the publishers' terms and accept them.")
    ] = False,
):
    """Download the published files of a dataset, or look at those that you have placed."""
    from ..datasets import fetch_dataset, read_descriptor
    from ..datasets._fetch import describe_terms

    with one_sentence():
        facts = read_descriptor(name)
    if facts.terms != "open" and not accept_license and _screen.can_ask():
        accept_license = _screen.accepts(describe_terms(facts))
    with one_sentence():
        folder = fetch_dataset(name, root, subject or None, accept_license)
    typer.echo(folder)


@app.command()
def convert(
    name: Annotated[str, typer.Argument(help="Name of a dataset.")],
    source: Annotated[
        pathlib.Path | None, typer.Option(help="Folder with the published files; eegimg_data/NAME without.")
    ] = None,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--out", help="BIDS folder to write: new, empty or begun; eegimg_data/NAME/bids without."
        ),
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Only this subject; may be given several times.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Which of several published versions, such as 5to95 or raw.")
    ] = None,
):
    """Convert the published files of a dataset to BIDS."""
    from ..datasets import convert_dataset

    with one_sentence():
        folder = convert_dataset(name, source, out, subject or None, variant=variant)
    typer.echo(folder)


@app.command()
def info(name: Annotated[str, typer.Argument(help="Name of a dataset, a model or a recipe.")]):
    """Say what is known of a dataset or a model, or what a recipe does."""
    from ..datasets import list_datasets, read_descriptor
    from ..models import list_models, read_card
    from ..pipeline import list_recipes, read_recipe, recipe_text

    with one_sentence():
        if name in list_datasets():
            _screen.descriptor(read_descriptor(name))
        elif name in list_models():
            show_model(read_card(name))
        elif name in list_recipes() or pathlib.Path(name).suffix == ".toml":
            pipeline = read_recipe(name)
            _screen.recipe(pipeline, recipe_text(pipeline))
        else:
            names = sorted({*list_datasets(), *list_models(), *list_recipes()})
            raise ValueError(
                f"{name!r} was asked for; eegimg knows the datasets {listing(list_datasets(), 20)}, the "
                f"models {listing(list_models(), 30)} and the recipes {listing(list_recipes(), 20)}."
                f"{suggest(name, names)}"
            )


@app.command()
def demo(
    out: Out = pathlib.Path("eegimg-demo"),
    n_subjects: Annotated[int, typer.Option(help="Simulated people.")] = 2,
    n_jobs: Annotated[int, typer.Option(help="Recordings at a time.")] = 1,
):
    """Simulate a small dataset, preprocess it, and compare what was found with what was planted."""
    from ._demo import run_demo

    with one_sentence(), _screen.progress("Demo") as watch:
        summary, findings = run_demo(out, n_subjects=n_subjects, n_jobs=n_jobs, watch=watch)
    _screen.summary(summary)
    _screen.findings(findings)
    if summary.failed:
        raise typer.Exit(1)


app.command()(export)
app.command()(models)
app.add_typer(train_app)
