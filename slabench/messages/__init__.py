"""Every sentence of an outcome, by id and arguments.

Checks, objectives, comparisons, findings and advice hold a Message, and run.json stores its id and arguments.
What a reader sees is rendered from a catalogue: english/ has one file a room, and chinese/ the same rooms;
`with in_language("zh"):` around an output decides which. Code never looks for a word in a sentence: what it
needs is the id or an argument.
"""

from slabench.messages.language import LANGUAGES, asked_language, in_language, of_locale
from slabench.messages.message import (
    Argument,
    Message,
    Sentence,
    as_message,
    from_dict,
    messages_of,
    remedy_of,
    sentences_of,
    stored_message,
)
from slabench.messages.numbers import metric_name, number, percent

__all__ = [
    "LANGUAGES",
    "Argument",
    "Message",
    "Sentence",
    "as_message",
    "asked_language",
    "from_dict",
    "in_language",
    "messages_of",
    "metric_name",
    "number",
    "of_locale",
    "percent",
    "remedy_of",
    "sentences_of",
    "stored_message",
]
