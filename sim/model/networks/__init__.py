"""Networks of ties, that are generated, read from files, or written person by person."""
