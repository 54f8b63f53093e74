"""The capacity search: the load with the most total tokens/s within all objectives, by measured loads."""
