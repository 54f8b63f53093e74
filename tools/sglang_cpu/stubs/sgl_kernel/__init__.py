"""Stands in for sgl_kernel, which PyPI has for CUDA only and sglang 0.5.7 imports without a guard. Nothing
here runs on a CPU.
"""


def unavailable(name):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"{name} needs the real sgl_kernel")

    return refuse


silu_and_mul = unavailable("silu_and_mul")
