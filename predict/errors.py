"""The one class of errors that a command line turns into its line on stderr, and exit code 2."""


class Failure(Exception):
    """What ends a command; the message names the file, what is wrong with it, and what to do, for the user."""
