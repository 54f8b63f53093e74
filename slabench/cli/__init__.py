"""`python -m slabench COMMAND`: one file a command."""
