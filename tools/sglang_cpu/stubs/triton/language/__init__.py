"""Any name is there and does nothing."""


class constexpr:  # noqa: N801
    def __init__(self, value):
        self.value = value


class dtype:  # noqa: N801 - torch puts it into a set of types
    pass


class _Anything:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **options):
        return self


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _Anything()
