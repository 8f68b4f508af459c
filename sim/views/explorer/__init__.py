"""A run in the browser: one page that needs nothing else, or a live one with sliders."""
