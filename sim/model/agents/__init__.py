"""The reference engine: persons who decide one by one, to be read; as Mesa agents, they can get rules of one's own."""
