"""argparse's own sentences about a command line that it refuses, by which it looks them up."""

MESSAGES = {
    "argparse.argument": "argument %(argument_name)s: %(message)s",
    "argparse.unrecognized": "unrecognized arguments: %s",
    "argparse.not_with": "not allowed with argument %s",
    "argparse.explicit": "ignored explicit argument %r",
    "argparse.required": "the following arguments are required: %s",
    "argparse.one_required": "one of the arguments %s is required",
    "argparse.one": "expected one argument",
    "argparse.at_most_one": "expected at most one argument",
    "argparse.at_least_one": "expected at least one argument",
    "argparse.ambiguous": "ambiguous option: %(option)s could match %(matches)s",
    "argparse.type": "invalid %(type)s value: %(value)r",
    "argparse.choice": "invalid choice: %(value)r (choose from %(choices)s)",
    "argparse.parser": "unknown parser %(parser_name)r (choices: %(choices)s)",
    "argparse.error": "%(prog)s: error: %(message)s\n",
}
