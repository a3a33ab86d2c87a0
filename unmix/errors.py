"""Errors that a user may meet."""


class UnmixError(ValueError):
    """The request cannot be carried out; the message says what is wrong and what to do."""


class UnmixWarning(UserWarning):
    """A part of the scene is left out; the message says which, and why."""


class ModelFileError(UnmixError, OSError):
    """A saved model is missing, incomplete or not one of ours."""


class OutputError(UnmixError, OSError):
    """The result cannot be written where it was asked for."""


_IRREGULAR = {"class": "classes", "entry": "entries", "spectrum": "spectra"}


def counted(number: int, thing: str) -> str:
    """Write how many there are, in a message.

    Examples
    --------
    >>> counted(1, "band"), counted(2, "entry")
    ('1 band', '2 entries')
    """
    return f"{number} {thing if number == 1 else _IRREGULAR.get(thing, f'{thing}s')}"
