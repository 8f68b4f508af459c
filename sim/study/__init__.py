"""Studies: a scenario run over a design, with replicates; measures are written to disk as they come."""
