"""A scenario and a seed in, a tape out: the rules, the world, and the two engines that agree bit for bit."""
