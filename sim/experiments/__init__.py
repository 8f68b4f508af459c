"""Worlds that differ in one thing: knockouts, counterfactuals, thought experiments, hypotheses."""
