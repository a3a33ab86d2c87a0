"""What can go wrong with a scene: two errors and one warning, each message a sentence to act on."""


class SceneError(ValueError):
    """A scene, its bands or its grid is not what was asked for."""


class SceneFileError(SceneError, OSError):
    """A file is missing, truncated, unreadable, or could not be written."""


class SceneWarning(UserWarning):
    """Something odd in a file was mended or assumed; the message says what."""


_IRREGULAR = {"class": "classes", "entry": "entries", "spectrum": "spectra"}


def counted(number: int, thing: str) -> str:
    """Write how many there are, in a message.

    Examples
    --------
    >>> counted(1, "band"), counted(2, "entry")
    ('1 band', '2 entries')
    """
    return f"{number} {thing if number == 1 else _IRREGULAR.get(thing, f'{thing}s')}"
