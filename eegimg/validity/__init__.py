"""What a decoding result is worth: audits of designs, checks of splits, and splits that hold."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
