"""The fast engine: the same rules as loops over columns, compiled where it pays."""
