"""A card in words: what goes in, where the weights are, and the README of a repository."""

import json

# Licences that the hub knows by their SPDX name in lower case; all others are "other" there.
_HUB_LICENCES = {"mit", "bsd-3-clause", "bsd-2-clause", "apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "cc0-1.0"}
_HUB_LICENCES |= {"cc-by-sa-4.0", "cc-by-nc-sa-4.0", "gpl-3.0", "agpl-3.0", "lgpl-3.0", "mpl-2.0"}


def input_words(card):
    """Say what goes in: "128 x 512", channels and samples, and from which window.

    Parameters
    ----------
    card : ModelCard
        The facts.

    Returns
    -------
    text : str
        "any" where the sizes are the user's to choose.
    """
    n_chans, n_times = (card.sizes.get(key) for key in ("n_chans", "n_times"))
    shape = f"{n_chans} x {n_times}" if n_chans and n_times else "any"
    start, duration = card.input.get("tmin"), card.input.get("duration")
    window = f" from {start or 0:g} to {(start or 0) + duration:g} s" if duration else ""
    sfreq = card.input.get("sfreq", card.sizes.get("sfreq"))
    return f"{shape}{window}{f' at {sfreq:g} Hz' if sfreq else ''}"


def paper_link(card):
    """Return the address of a card's paper, or "none" (str)."""
    return f"https://doi.org/{card.paper}" if card.paper.startswith("10.") else card.paper


def weights_word(card):
    """Say in a word or two where weights come from."""
    if card.weights is None:
        return "none"
    return "included" if card.weights.file else "by hand" if card.weights.page else "download"


def weights_words(card):
    """Say where the weights are, how large, under which terms, and their sha256.

    Parameters
    ----------
    card : ModelCard
        The facts.

    Returns
    -------
    text : str
        Without a full stop.
    """
    weights = card.weights
    if weights is None:
        return "none published that eegimg knows: train it, or give a checkpoint"
    size = f", {weights.size / 1e6:.1f} MB" if weights.size else ""
    sha256 = f"sha256 {weights.sha256}" if weights.sha256 else "their sha256 is not known"
    place = "included in eegimg" if weights.file else weights.url or f"by hand from {weights.page}"
    place = f"https://huggingface.co/{weights.hub}" if weights.hub else place
    return f"{place}{size}; terms {weights.terms}; {sha256}"


def markdown(card):
    """Write a card as the README of a Hugging Face repository.

    Parameters
    ----------
    card : ModelCard
        The facts.

    Returns
    -------
    text : str
        Front matter in YAML (as JSON, which is YAML), then sections.
    """
    licence = card.licence.lower()
    known = licence in _HUB_LICENCES
    front = {
        "license": licence if known else "other",
        **({} if known else {"license_name": card.licence}),
        "library_name": "eegimg",
        "tags": ["eeg", "eegimg", card.kind, card.arch],
    }
    if card.scores:
        front["model-index"] = [{"name": card.name, "results": [_result(score) for score in card.scores]}]
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()]
    parts = ["---", *lines, "---", "", f"# {card.name}", "", card.summary, ""]
    for title, text in _sections(card).items():
        if text:
            parts += [f"## {title}", "", text, ""]
    return "\n".join(parts)


def _result(score):
    """Write a score as the hub's index of results wants it."""
    return {
        "task": {"type": "eeg"},
        "dataset": {"name": score.data, "type": "eeg"},
        "metrics": [{"type": score.metric, "value": score.value, "name": score.metric}],
    }


def _sections(card):
    """Return titles and texts of a README; empty texts are left out."""
    paper = "" if card.paper == "none" else f"Paper: {paper_link(card)}\n\n"
    code = "" if card.code == "none" else f"Code of its authors: {card.code}\n\n"
    use = f'```python\nimport eegimg\n\nmodel = eegimg.create_model("{card.arch}", checkpoint=FOLDER)\n'
    use += "x = model.card.prepare(epochs)\nout = model(x)\n```"
    training = {
        "Data": card.training_data,
        "Preprocessing": card.recipe,
        "Split": card.split,
        "Choice of the epoch": card.selection,
    }
    return {
        "Before you quote a number": "\n".join(f"- {caveat}" for caveat in card.caveats),
        "Use": use,
        "Input": f"{input_words(card)}\n\n{_table(card.input)}",
        "Training": "\n".join(f"- {title}: {text}" for title, text in training.items() if text),
        "Scores": _scores(card.scores),
        "Sizes": _table(
            {**card.sizes, "parameters": f"{card.n_parameters:,}" if card.n_parameters else None}
        ),
        "Source": f"{paper}{code}Licence: {card.licence}.",
    }


def _table(facts):
    rows = [f"| {key} | {_short(value)} |" for key, value in facts.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *rows]) if rows else ""


def _short(value):
    """Write a value in one cell; of a table of channels, the names."""
    if isinstance(value, (list, tuple)):
        names = [item.get("ch_name", item) if isinstance(item, dict) else item for item in value]
        return ", ".join(map(str, names))
    return str(value)


def _scores(scores):
    if not scores:
        return ""
    titles = {"value": "value", "chance": "chance", "null": "null", "random_weights": "random weights"}
    titles["linear"] = "linear on epochs"
    head = ["| data | metric |", *(f" {title} |" for title in titles.values()), " source |"]
    rows = ["".join(head), "|---" * (len(titles) + 3) + "|"]
    for score in scores:
        values = (getattr(score, key) for key in titles)
        cells = ["" if value is None else f"{value:.4g}" for value in values]
        rows.append(f"| {' | '.join([score.data, score.metric, *cells, score.source])} |")
    return "\n".join(rows)
