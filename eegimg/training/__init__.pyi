from ._pretrain import PretrainResult as PretrainResult
from ._pretrain import pretrain as pretrain

__all__ = [
    "PretrainResult",
    "pretrain",
]
