"""Generated networks, one loop for each kind, drawn row by row so that threads leave no trace."""
