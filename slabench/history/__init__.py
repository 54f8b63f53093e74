"""The history of a deployment: a file of runs (--history), what changed in it, and a baseline made of it."""

PREFIX = "history:"  # of --baseline: what follows is a history's file
