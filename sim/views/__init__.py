"""Pictures and pages: figures, animations and the explorer, drawn from tapes and credit tables."""
