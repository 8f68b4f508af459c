"""The reference engine: persons as Mesa agents, to be read and to be given rules of one's own."""
