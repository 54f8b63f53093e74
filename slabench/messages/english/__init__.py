"""The English catalogue: id -> template, one file a room; see message.py for what a template may hold."""

from slabench.messages.rooms import gathered

CATALOGUE = gathered(__name__, __path__)
