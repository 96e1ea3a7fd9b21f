from ._read import read_store as read_store
from ._store import Store as Store
from ._torch import StoreDataset as StoreDataset
from ._write import write_store as write_store

__all__ = [
    "Store",
    "StoreDataset",
    "read_store",
    "write_store",
]
