"""The fit of the model to a record: which abilities and rates explain it, how sure that is, and what follows."""
