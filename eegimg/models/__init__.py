"""Networks by name: their cards, weights, what input they expect, and the features that come out."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
