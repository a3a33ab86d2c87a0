"""Text that XML can hold."""

import re

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    r"""The same text, with a replacement character for each that XML 1.0 does not know.

    Reference: "Extensible Markup Language (XML) 1.0", section 2.2, production 2 (Char).

    Examples
    --------
    >>> xml_text("sand & \x01 gravel") == "sand & \ufffd gravel"
    True
    """
    return _UNFIT.sub("\ufffd", text)
