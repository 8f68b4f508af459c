"""The history of a run as immutable tables: their requirements, files, graphs and exports."""
