"""What happened, as immutable tables: their requirements, files, graphs and exports."""
