"""The command line, one module a group of commands. Knows services and values; console/cli.py wires the rest in."""
