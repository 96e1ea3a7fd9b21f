from ._audit import Audit as Audit
from ._audit import audit_design as audit_design
from ._averages import average_repetitions as average_repetitions
from ._card import ResultCard as ResultCard
from ._check_split import check_split as check_split
from ._evaluate import evaluate as evaluate
from ._leak_report import LeakReport as LeakReport
from ._make_split import make_split as make_split
from ._split_files import read_split as read_split
from ._split_files import write_split as write_split

__all__ = [
    "Audit",
    "LeakReport",
    "ResultCard",
    "audit_design",
    "average_repetitions",
    "check_split",
    "evaluate",
    "make_split",
    "read_split",
    "write_split",
]
