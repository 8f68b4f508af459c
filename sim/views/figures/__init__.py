"""Figures and animations, one file per figure: a tape or a table in, a matplotlib figure out."""
