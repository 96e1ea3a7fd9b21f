"""Pages that say what was done to every recording: rebuilt from the derivatives alone."""

from .index import write_index
from .recording import write_recording_report

__all__ = ["write_index", "write_recording_report"]
