"""The Chinese catalogue: the ids and arguments of the English one, room by room.

Terms of the field stay as they are (TTFT, TPOT, KV cache, CUDA graph, PASSED), and so do names that a server
or an option has. A sequence is joined with the Chinese enumeration comma where a template names no other.
"""

from slabench.messages.rooms import gathered

CATALOGUE = gathered(__name__, __path__)
