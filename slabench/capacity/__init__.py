"""The capacity search: the most total tokens/s that a deployment gives while all objectives hold, measured
load by load.
"""
