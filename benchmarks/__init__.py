"""How fast it is, beside its neighbours: `python -m benchmarks`."""
