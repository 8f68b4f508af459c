"""Studies: a scenario run over a design, with replicates; what is measured lands on disk as it comes."""
