"""The input of a user: the scenario file, its sections, and one-line reports of what is wrong with it."""
