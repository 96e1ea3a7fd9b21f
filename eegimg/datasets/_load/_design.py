"""What the design of a known dataset makes of a decoding result, said where its epochs are loaded."""

import functools
import logging

from .._descriptor import read_descriptor

logger = logging.getLogger("eegimg.datasets")


def with_design(metadata, facts):
    """Add the column "design" of a known dataset, and log the caveat of a block design once.

    Parameters
    ----------
    metadata : pandas.DataFrame
        One row per epoch.
    facts : Descriptor | None
        What is known of the dataset.

    Returns
    -------
    metadata : pandas.DataFrame
        With a column ``design`` where the design is known and one for all copies of the dataset;
        :func:`eegimg.validity.audit_design` reads it.
    """
    if facts is None or facts.design == "unknown" or facts.layout == "simulated":
        return metadata
    if facts.design == "block":
        _say_once(facts.name)
    return metadata.assign(design=facts.design)


@functools.cache
def _say_once(name):
    """Log the first caveat of a dataset, once in a process."""
    logger.warning(
        "%s: %s eegimg.validity.audit_design says what a decoding result on it is worth.",
        name,
        read_descriptor(name).caveats[0],
    )
