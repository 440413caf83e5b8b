"""The command line: what was typed, one file a command, and how results are shown."""
