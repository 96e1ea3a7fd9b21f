"""A training store: epochs as float32 shards on disk that are read at memory speed."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
