"""Pages that say what was done to every recording: rebuilt from the derivatives alone."""

from .audit import make_audit, write_audit_report
from .card import write_result_card
from .index import write_index
from .recording import write_recording_report

__all__ = ["make_audit", "write_audit_report", "write_result_card", "write_index", "write_recording_report"]
