"""The command line's options (table.py), how their values are read (types.py), further checks (checks.py)."""
