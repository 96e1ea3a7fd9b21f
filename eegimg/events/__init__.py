"""Events: what marks a picture, what is known of it, and whether it came when the trigger says."""

from ._correct import correct_onsets as correct_onsets
from ._find import COLUMNS as COLUMNS
from ._find import JOINS as JOINS
from ._find import NAMES as NAMES
from ._find import NOT_EVENTS as NOT_EVENTS
from ._find import PICTURE_ENDINGS as PICTURE_ENDINGS
from ._find import PICTURES as PICTURES
from ._find import find_events as find_events
from ._find import find_joins as find_joins
from ._find import is_join as is_join
from ._find import picture_name as picture_name
from ._find import stimulus_annotations as stimulus_annotations
from ._match import EventMatch as EventMatch
from ._match import match_events as match_events
from ._onsets import OnsetReport as OnsetReport
from ._onsets import check_onsets as check_onsets

__all__ = [
    "EventMatch",
    "OnsetReport",
    "check_onsets",
    "correct_onsets",
    "find_events",
    "find_joins",
    "match_events",
    "stimulus_annotations",
]
