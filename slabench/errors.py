"""The error types say whose fault it is; a border translates what it catches and chains the cause.

The messages are whole sentences: what was seen, what was expected, what to do. A caller prints them as they
are.
"""


class SlabenchError(Exception):
    """Base of everything this project raises on purpose."""


class ConfigError(SlabenchError):
    """Yours: an option, a path, a file that cannot be used. The command line ends with exit status 4."""


class ServerError(SlabenchError):
    """Theirs: the server cannot be reached, or answers what no SGLang server answers."""


class InvalidRun(SlabenchError):
    """Nobody can judge: the verdict word INVALID. The message's first line is complete by itself."""


class SLAViolation(SlabenchError):
    """The run was valid and an objective, a floor or a baseline comparison did not hold: the verdict word
    FAILED.
    """


def system_words(error: Exception) -> str:
    """`No space left on device`: what the system says of its own errors, without their number and path;
    others as they are.
    """
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
