"""The base class of errors that a command line prints as one line on stderr, with exit status 2."""


class Failure(Exception):
    """An error that ends a command; the message tells the user the file, what is wrong with it, and what to do."""
