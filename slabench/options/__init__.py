"""Every option of the command line (table.py), how its value is read (types.py), and what its type cannot check
(checks.py).
"""
