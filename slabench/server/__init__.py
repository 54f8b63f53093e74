"""The deployment's side: who answers at a URL, what its log says, and the life of a server that we start
ourselves.
"""
