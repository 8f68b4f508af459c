"""Claims about time, tested on pairs of runs: the file, the arms, the measures, the verdict."""
