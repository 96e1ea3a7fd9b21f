"""From EEG recorded while people look at images to clean Epochs, image embeddings and generated images.

- :class:`Pipeline` of :mod:`steps <eegimg.preprocessing>`, :func:`read_recipe`, :func:`write_recipe`
- :func:`preprocess_dataset`: a recipe over a BIDS dataset, with a report
- :func:`list_datasets`, :func:`read_descriptor`: published datasets, and what to know before quoting a number
- :func:`fetch_dataset`, :func:`convert_dataset`: their files, and from these to BIDS
- :func:`load_dataset`: epochs of any BIDS dataset with the image behind each one
- :func:`make_dataset`: a simulated BIDS dataset whose truth is known
"""

import lazy_loader as _lazy

__version__ = "0.1.0.dev0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
