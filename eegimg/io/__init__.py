"""Published files that are no BIDS: safe readers, and one module per layout.

Each module named in ``LAYOUTS`` has ``open_source(folder, facts, variant=None)``, which returns a
:class:`~eegimg.io._source.Source`. Nothing in a file is ever run.
"""

from ._source import Content as Content
from ._source import Source as Source
from ._source import SourceRecording as SourceRecording
from ._source import open_source as open_source

LAYOUTS = ("imagenet_eeg", "eeg_imagenet", "things_eeg2", "oced", "thoughtviz", "mindbigdata")
