"""What a user writes: the scenario file, its sections, and what is wrong with it in one line."""
