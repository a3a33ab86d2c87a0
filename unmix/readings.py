"""Names of the ways to read abundances; what they mean stands in `unmix.abundances`."""

from typing import Literal, get_args

Reading = Literal["reflectance", "nnls", "fcls", "peak", "l2"]
READINGS: tuple[str, ...] = get_args(Reading)
