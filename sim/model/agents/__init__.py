"""The reference engine: persons who decide one by one, to be read; as Mesa agents, to be given rules of one's own."""
