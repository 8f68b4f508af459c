"""Credit by the values of cooperative games, exact where that is possible and sampled where it is not."""
