"""Simulated scenes with known truth, from physical spectra, terrain and sensors.

``Simulation`` describes a scene and makes it block by block with numpy alone;
``unmix.simulation.write`` puts one on disk with its truth beside it, ``unmix.simulation.truth``
reads the truth back, and ``unmix.simulation.drawn`` is a scene that a network draws; these load
`scenes`, and the last one torch.
"""

from unmix.simulation.demo import demo_simulation
from unmix.simulation.materials import MATERIALS, find_material
from unmix.simulation.sensors import SENSORS, Sensor, find_sensor
from unmix.simulation.simulate import SimulatedBlock, Simulation
from unmix.simulation.spectra import Material
from unmix.simulation.targets import Target

__all__ = [
    "MATERIALS",
    "SENSORS",
    "Material",
    "Sensor",
    "SimulatedBlock",
    "Simulation",
    "Target",
    "demo_simulation",
    "find_material",
    "find_sensor",
]
