"""A family of sparse autoencoders, each composed of parts that are chosen by name.

Read `settings` first (what can be chosen), then `network` (how the parts meet) and `training`; the
parts are in `encoders`, `convolution`, `spectral`, `codes`, `decoders`, `reconstruction`,
`penalties`, `light`, `posterior` and `adversary`. `members` names the choices that were found good.
The default model of the package is `unmix.Unmixer`, not one of these.
"""

from unmix.networks.estimator import NetworkUnmixer
from unmix.networks.members import MEMBERS
from unmix.networks.network import Network
from unmix.networks.reading import NetworkReading
from unmix.networks.sampling import sample_spectra
from unmix.networks.settings import NetworkSettings, Penalties, Training

__all__ = [
    "MEMBERS",
    "Network",
    "NetworkReading",
    "NetworkSettings",
    "NetworkUnmixer",
    "Penalties",
    "Training",
    "sample_spectra",
]
