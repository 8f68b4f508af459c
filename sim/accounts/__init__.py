"""Credit: one file an account, each of which reads a tape and nothing else."""
