"""Real logs as they come, read into tapes: one file for each format."""
