"""What a user is told of a download before it begins, and what must be agreed to."""

from ._space import human

_WHY = {
    "restrictive": "the licence does not let everybody use the data",
    "conflicting": "sources give different licences",
    "unstated": "no licence is stated",
}


def describe_terms(facts):
    """Say in one sentence what a dataset is, how large, and under which licence and terms.

    Parameters
    ----------
    facts : eegimg.datasets.Descriptor
        What is known of it.

    Returns
    -------
    sentence : str
        Name, title, size, licence, terms and, where there is one, the home page.
    """
    why = f": {_WHY[facts.terms]}" if facts.terms in _WHY else ""
    page = f", home page {facts.url}" if facts.url else ""
    return (
        f"{facts.name} ({facts.title}): {human(facts.size_gb * 1e9)}, licence {facts.licence}, "
        f"terms {facts.terms}{why}{page}."
    )


def check_terms(facts, accept_license, instructions=""):
    """Raise ValueError where terms must be accepted and are not; what to do by hand may follow."""
    if facts.terms == "open" or accept_license:
        return
    more = f" {instructions}" if instructions else ""
    raise ValueError(
        f"{describe_terms(facts)} Nothing was fetched. Read the publishers' terms, and give "
        f"accept_license=True (--accept-license on the command line) if you may use the data and accept "
        f"them.{more}"
    )


def describe_plan(folder, wanted, n_there):
    """Say in one sentence what will be downloaded, and where to.

    Parameters
    ----------
    folder : pathlib.Path
        The dataset's folder.
    wanted : list of RemoteFile
        What will be downloaded.
    n_there : int
        Files that are there already.

    Returns
    -------
    sentence : str
        Numbers of files, bytes and the folder.
    """
    known = sum(file.size or 0 for file in wanted)
    n_unknown = sum(file.size is None for file in wanted)
    size = f"{human(known)}" if n_unknown < len(wanted) else "of unknown size"
    if 0 < n_unknown < len(wanted):
        size += f" and {n_unknown} of unknown size"
    already = f"; {n_there} already there" if n_there else ""
    noun = "file" if len(wanted) == 1 else "files"
    return f"To download: {len(wanted)} {noun}, {size}, into {folder}{already}."
