"""Every transfer_kv_* name that sglang asks for; calling one raises."""

from sgl_kernel import unavailable


def __getattr__(name):
    if not name.startswith("transfer_kv"):
        raise AttributeError(name)
    return unavailable(name)
