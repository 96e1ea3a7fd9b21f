"""What may be known of a protocol before any data are seen."""

# Pictures of all labels mixed; each label in a block of its own; nobody knows.
DESIGNS = ("rapid-event", "block", "unknown")
