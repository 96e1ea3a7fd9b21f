"""A pipeline over a BIDS dataset: find what is to be done, do it, say what came out."""

from ._preprocess import preprocess_dataset as preprocess_dataset
from ._rebuild import rebuild_report as rebuild_report
from ._summary import Summary as Summary
