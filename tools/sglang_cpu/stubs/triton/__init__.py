"""Import-only triton: sglang imports it in dozens of modules, no kernel of it can run on a CPU, and the
real one is 691 MB.

torch must go on believing that there is none: an import from torch is refused, and torch's cached answer is
asked for while this module is hidden.
"""

import sys


def _asked_by_torch():
    frame = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").startswith("torch.")


if _asked_by_torch():
    raise ImportError("hidden from torch")

import torch.utils._triton as _torch_triton

_this, sys.modules[__name__] = sys.modules[__name__], None
_torch_triton.has_triton_package()
sys.modules[__name__] = _this

__version__ = "0.0.0"


class Kernel:
    """What the decorators return: can be named, cannot be launched."""

    def __init__(self, function):
        self.fn = function
        self.__name__ = getattr(function, "__name__", "kernel")

    def __getitem__(self, grid):
        raise NotImplementedError(f"{self.__name__} needs the real triton")

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(f"{self.__name__} needs the real triton")


def jit(function=None, **options):
    return Kernel if function is None else Kernel(function)


def autotune(*args, **options):
    return lambda function: function


heuristics = autotune


class Config:
    def __init__(self, *args, **options):
        self.args, self.kwargs = args, options


def cdiv(a, b):
    return -(-a // b)


def next_power_of_2(n):
    return 1 << max(0, (n - 1).bit_length())


from triton import language  # noqa: E402, F401 - torch reads triton.language.dtype
