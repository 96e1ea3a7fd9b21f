"""BIDS in and out: find and read recordings, name and write derivatives."""

from ._conversion import RECORD as RECORD
from ._conversion import check_finished as check_finished
from ._conversion import find_damage as find_damage
from ._conversion import read_conversion as read_conversion
from ._derivative import BIDS_VERSION as BIDS_VERSION
from ._derivative import check_output as check_output
from ._derivative import check_outside as check_outside
from ._derivative import derivative_path as derivative_path
from ._derivative import prepare_derivatives as prepare_derivatives
from ._derivative import read_result as read_result
from ._derivative import write_derivative as write_derivative
from ._events import read_events_table as read_events_table
from ._events import rename_columns as rename_columns
from ._find import find_recordings as find_recordings
from ._find import read_sidecar as read_sidecar
from ._find import recording_files as recording_files
from ._labels import as_labels as as_labels
from ._labels import find_label as find_label
from ._positions import TEMPLATE as TEMPLATE
from ._positions import has_positions as has_positions
from ._read import read_raw as read_raw
from ._sidecars import json_text as json_text
from ._sidecars import read_json as read_json
from ._sidecars import write_if_changed as write_if_changed
from ._sidecars import write_table as write_table
from ._write import write_recording as write_recording
