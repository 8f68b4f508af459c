"""The input of a user: the scenario file, its sections, and what is wrong with it in one line."""
