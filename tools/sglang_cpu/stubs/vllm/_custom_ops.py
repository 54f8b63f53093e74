"""sglang's rotary embedding imports this name on a CPU without AMX; its native forward, the one that runs,
never calls it.
"""


def rotary_embedding(*args, **kwargs):
    raise NotImplementedError("rotary_embedding needs the real vllm")
