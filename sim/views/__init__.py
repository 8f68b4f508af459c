"""What a person looks at: figures, animations and the explorer, drawn from tapes and credit tables."""
