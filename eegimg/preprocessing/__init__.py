"""Steps of a preprocessing pipeline, and the functions that hold their science."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
