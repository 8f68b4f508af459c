"""Who is tied to whom: networks that are generated, read from files, or written person by person."""
