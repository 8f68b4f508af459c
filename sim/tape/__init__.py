"""A run or a log as immutable tables: their requirements, files, graphs and exports."""
