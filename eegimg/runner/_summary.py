"""What came out of a run, as a table."""

import dataclasses

COLUMNS = (
    *("recording", "subject", "session", "task", "run", "status", "reason"),
    *("n_epochs", "n_bads", "verdict", "seconds", "peak_memory_mb", "output"),
)


@dataclasses.dataclass(kw_only=True)
class Summary:
    """The outcome of a run over a dataset.

    Attributes
    ----------
    rows : list of dict
        One per recording.
    remarks : list of str
        What concerns the dataset as a whole.
    report : pathlib.Path | None
        The index page.
    """

    rows: list
    remarks: list
    report: object

    @property
    def table(self):
        """One row per recording: status (done, cached, failed, planned), reason, counts, cost."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=COLUMNS)

    @property
    def failed(self):
        """Names of the recordings that failed."""
        return [row["recording"] for row in self.rows if row["status"] == "failed"]

    def counts(self):
        """Count recordings per status."""
        statuses = [row["status"] for row in self.rows]
        return {status: statuses.count(status) for status in dict.fromkeys(statuses)}

    def __repr__(self):
        text = ", ".join(f"{count} {status}" for status, count in self.counts().items())
        return f"<Summary of {len(self.rows)} recordings: {text}>"
