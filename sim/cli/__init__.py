"""The command line: one file per command; heavy libraries are loaded only if a command needs them."""
