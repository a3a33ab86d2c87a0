"""Which device computes."""

import torch

from unmix.errors import UnmixError


def resolve_device(device: str) -> torch.device:
    """The device of that name; ``"auto"`` is a CUDA device where there is one, else the CPU.

    Parameters
    ----------
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ...

    Returns
    -------
    torch.device

    Raises
    ------
    UnmixError
        If there is no such device here.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.zeros(1, device=resolved).item()  # a device that holds no numbers fails here
    except (RuntimeError, AssertionError, TypeError) as error:
        raise UnmixError(
            f"`device` {device!r} is not available on this machine "
            f"({torch.cuda.device_count()} CUDA devices found). Use 'auto' or 'cpu'."
        ) from error
    return resolved
