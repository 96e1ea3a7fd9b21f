"""Packages that only some users need: one sentence says which extra brings them."""

import importlib


def require(module, purpose, extra):
    """Import an optional package, or say how to install it.

    Parameters
    ----------
    module : str
        Name to import.
    purpose : str
        What needs it, as the sentence's subject ("create_model").
    extra : str
        The extra of eegimg that lists it.

    Returns
    -------
    module : module
        The imported package.

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as err:
        if err.name != module.partition(".")[0]:
            raise
        raise ImportError(
            f"{purpose} needs {module}, which is not installed. "
            f'Install it with: pip install "eegimg[{extra}]".'
        ) from err
