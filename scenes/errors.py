"""What can go wrong with a scene: two errors and one warning, each message a sentence to act on."""


class SceneError(ValueError):
    """A scene, its bands or its grid is not what was asked for."""


class SceneFileError(SceneError, OSError):
    """A file is missing, truncated, unreadable, or could not be written."""


class SceneWarning(UserWarning):
    """Something odd in a file was mended or assumed; the message says what."""
