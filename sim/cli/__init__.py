"""The command line: one file a command; heavy libraries are loaded only where a command needs them."""
