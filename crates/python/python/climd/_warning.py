"""The warning of this package, in a file of its own so that every other can import it."""


class CurriculumWarning(UserWarning):
    """Something runs, but probably not as it was meant."""
