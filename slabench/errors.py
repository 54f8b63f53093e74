"""The error types name the side at fault; a border translates what it catches and chains the cause.

The messages are whole sentences: what was observed, what was expected, what to do. str() of an error is its
message in the current language; a caller prints it as it is.
"""

from __future__ import annotations

from slabench.messages import Message, Sentence, as_message


class SlabenchError(Exception):
    """Base of everything this project raises on purpose.

    text: a Message; a sentence of its own from a benchmark test, or of another origin, for which whatever an
    exception takes will do.
    """

    def __init__(self, text: object = "", *more: object) -> None:
        super().__init__(text, *more)
        self.message: Message | str
        if isinstance(text, Sentence):
            self.message = text.message
        else:
            self.message = text if isinstance(text, Message) else ", ".join(map(str, (text, *more)))

    def __str__(self) -> str:
        return str(self.message)

    def sentence(self) -> str:
        """Its English text, which keeps the message where there is one."""
        return self.message if isinstance(self.message, str) else Sentence.of_message(self.message)

    def as_message(self) -> Message:
        return as_message(self.message) if isinstance(self.message, str) else self.message


class ConfigError(SlabenchError):
    """Yours: an option, a path, a file that cannot be used. The command line ends with exit status 4."""


class ServerError(SlabenchError):
    """Theirs: the server cannot be reached, or answers what no SGLang server answers."""


class NoAnswer(ServerError):
    """No server listens, it closed the connection, or nothing came in time."""


class InvalidRun(SlabenchError):
    """No verdict is possible: the outcome INVALID. The message's first line is complete by itself."""


class SLAViolation(SlabenchError):
    """The run was valid and an objective, a floor or a baseline comparison did not hold: the outcome
    FAILED.
    """


class Interrupted(KeyboardInterrupt):
    """A signal that ends the run, everything written. by: `Ctrl-C` or `SIGTERM`."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


def interrupted_by(error: BaseException) -> str:
    """Python's own KeyboardInterrupt is Ctrl-C."""
    return error.by if isinstance(error, Interrupted) else "Ctrl-C"


def system_words(error: Exception) -> str:
    """`No space left on device`: a system error's text without its number and path; other errors as they
    are.
    """
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
