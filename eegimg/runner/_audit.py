"""The audit of a recording's design, which its sidecar and page carry."""

import mne

from ..validity import audit_design


def audit_result(inst, split, design):
    """Audit the design of epochs that a recording gave.

    Parameters
    ----------
    inst : mne.io.BaseRaw | mne.BaseEpochs
        What a pipeline gave.
    split : str | None
        Metadata column that marks training epochs.
    design : str | None
        What is known of the protocol, as for :func:`eegimg.validity.audit_design`.

    Returns
    -------
    audit : dict | None
        The audit as JSON holds it, without what only explains it; ``verdict`` None and a ``reason`` where it
        could not be made; None for continuous data.
    """
    if not isinstance(inst, mne.BaseEpochs):
        return None
    try:
        return audit_design(inst, split, design=design, explain=False).to_dict()
    except (
        ValueError
    ) as err:  # one label only, or too few epochs of one: the recording is finished all the same
        return {"verdict": None, "reason": str(err)}
