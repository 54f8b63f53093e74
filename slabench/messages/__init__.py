"""Every sentence of an outcome, by id and arguments.

Checks, objectives, comparisons, findings and advice hold a Message, and run.json stores its id and arguments.
What a reader sees is rendered from a catalogue: english/ has one file a room; another language is a second
folder beside it. Code never looks for a word in a sentence: what it needs is the id or an argument.
"""

from slabench.messages.message import Argument, Message, as_message, from_dict, remedy_of, stored_message
from slabench.messages.numbers import metric_name, number

__all__ = [
    "Argument",
    "Message",
    "as_message",
    "from_dict",
    "metric_name",
    "number",
    "remedy_of",
    "stored_message",
]
