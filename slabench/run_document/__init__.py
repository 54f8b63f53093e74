"""run.json as types: what a run leaves, read with every value checked (read.py) and written (write.py).

The comment at each field says what it is and its unit; docs/run-json.md is made of these comments.
"""
