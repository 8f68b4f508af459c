"""The page that the explorer, the live explorer and the playground share."""
