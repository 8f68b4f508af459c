"""Generated networks, one loop a kind, drawn row by row so that threads leave no trace."""
