"""Image-evoked EEG sets: what is known of each, loading with the image behind each epoch, and a simulator."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
