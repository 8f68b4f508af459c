"""Credit: one file for each account; an account reads a tape and nothing else."""
