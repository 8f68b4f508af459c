"""Networks of ties: generated, read from files, or written person by person."""
