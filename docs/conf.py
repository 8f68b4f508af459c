"""How the site is built: Markdown by MyST, the reference out of the code. `make docs` treats warnings as errors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import from_code

import sim

project = "shoulders"
author = "the authors of shoulders"
version = release = sim.__version__
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"shoulders {version}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
smartquotes = False
html_static_path: list[str] = []
pygments_style = "friendly"
myst_heading_anchors = 3


def setup(app):
    """Put what the code knows of itself in the places that pages mark for it."""
    app.connect("source-read", from_code.fill)
