"""Figures and animations, one file a figure: a tape or a table in, a matplotlib figure out."""
