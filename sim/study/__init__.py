"""Studies: a scenario run over a design, with replicates, and what its runs say."""
