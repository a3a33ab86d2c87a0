"""Surfaces: plants, soils, water, snow, and what people build.

The sources named with each material give the positions of the absorptions and the usual
brightness; the level of natural surfaces varies by a factor of two around what stands here.
"""

from unmix.simulation.spectra import Material

_PLANTS = "Curran 1989 doi:10.1016/0034-4257(89)90069-2; Kokaly et al. 2017 doi:10.3133/ds1035"
_SOILS = "Stoner and Baumgardner 1981, Soil Sci. Soc. Am. J. 45, 1161-1165; Clark 1999"
_TOWNS = "Herold et al. 2004 doi:10.1016/j.rse.2004.02.013"
_PLASTICS = "Cloutis 1989 doi:10.1126/science.245.4914.165"

GREEN_VEGETATION = Material(
    "green vegetation",
    continuum=(
        (350, 0.055),
        (500, 0.12),
        (560, 0.14),
        (690, 0.15),
        (720, 0.30),
        (755, 0.47),
        (800, 0.50),
        (1100, 0.50),
        (1300, 0.47),
        (1650, 0.36),
        (1800, 0.32),
        (2200, 0.22),
        (2500, 0.16),
    ),
    bands=(
        (430, 70, 0.45),  # chlorophyll
        (480, 60, 0.40),  # carotenoids
        (640, 60, 0.35),
        (675, 38, 0.65),  # chlorophyll, the foot of the red edge
        (970, 60, 0.08),  # water, four times
        (1190, 90, 0.14),
        (1450, 120, 0.62),
        (1940, 140, 0.74),
        (2480, 160, 0.40),
    ),
    source=_PLANTS,
)

DRY_VEGETATION = Material(
    "dry vegetation",
    continuum=(
        (350, 0.07),
        (450, 0.12),
        (600, 0.24),
        (800, 0.38),
        (1100, 0.47),
        (1300, 0.49),
        (1650, 0.46),
        (1850, 0.44),
        (2230, 0.36),
        (2500, 0.22),
    ),
    bands=(
        (670, 50, 0.05),
        (1200, 80, 0.03),
        (1480, 110, 0.16),
        (1725, 40, 0.05),
        (1780, 50, 0.05),
        (1930, 90, 0.22),
        (2100, 110, 0.20),  # cellulose and lignin
        (2275, 40, 0.08),
        (2340, 60, 0.16),
        (2490, 70, 0.12),
    ),
    source=_PLANTS,
)

DRY_SOIL = Material(
    "dry soil",
    continuum=((350, 0.07), (450, 0.12), (600, 0.23), (800, 0.31), (1300, 0.41), (2000, 0.45),
               (2500, 0.42)),
    bands=((500, 70, 0.05), (880, 180, 0.06), (1415, 50, 0.09), (1915, 70, 0.15),
           (2206, 44, 0.12), (2350, 60, 0.04)),
    source=_SOILS,
)  # fmt: skip

WET_SOIL = Material(
    "wet soil",
    continuum=((350, 0.03), (450, 0.045), (600, 0.085), (800, 0.13), (1100, 0.18), (1300, 0.19),
               (1650, 0.19), (2150, 0.15), (2500, 0.10)),
    bands=((980, 70, 0.03), (1190, 90, 0.05), (1450, 140, 0.34), (1940, 150, 0.56),
           (2206, 44, 0.06)),
    source=_SOILS,
)  # fmt: skip

SAND = Material(
    "sand",
    continuum=((350, 0.20), (450, 0.30), (600, 0.46), (800, 0.54), (1300, 0.60), (1800, 0.61),
               (2500, 0.57)),
    bands=((490, 60, 0.03), (880, 180, 0.04), (1414, 50, 0.05), (1914, 70, 0.09),
           (2206, 44, 0.04)),
    source=f"quartz grains with a stain of iron: {_SOILS}",
)  # fmt: skip

WATER = Material(
    "water",
    continuum=((350, 0.035), (480, 0.052), (570, 0.048), (620, 0.026), (700, 0.016), (750, 0.008),
               (830, 0.006), (950, 0.003), (1200, 0.002), (2500, 0.001)),
    bands=((440, 50, 0.08), (672, 26, 0.12), (740, 40, 0.25)),
    source="a lake: Pope and Fry 1997 doi:10.1364/AO.36.008710",
)  # fmt: skip

SNOW = Material(
    "snow",
    continuum=((350, 0.95), (600, 0.96), (800, 0.93), (950, 0.86), (1120, 0.76), (1350, 0.48),
               (1420, 0.20), (1500, 0.06), (1620, 0.10), (1820, 0.20), (1900, 0.10), (2030, 0.03),
               (2250, 0.16), (2350, 0.10), (2500, 0.04)),
    bands=((900, 50, 0.03), (1030, 90, 0.20), (1260, 110, 0.28)),
    source="ice: Warren and Brandt 2008 doi:10.1029/2007JD009744",
)  # fmt: skip

ASPHALT = Material(
    "asphalt",
    continuum=((350, 0.055), (450, 0.07), (700, 0.095), (1200, 0.12), (1700, 0.135), (2500, 0.12)),
    bands=((1730, 50, 0.02), (2310, 70, 0.05), (2350, 40, 0.02)),  # of its hydrocarbons
    source=_TOWNS,
)

CONCRETE = Material(
    "concrete",
    continuum=((350, 0.14), (450, 0.21), (600, 0.28), (900, 0.33), (1300, 0.37), (1700, 0.38),
               (2500, 0.31)),
    bands=((1425, 60, 0.05), (1935, 90, 0.12), (2206, 44, 0.03), (2340, 60, 0.08)),
    source=_TOWNS,
)  # fmt: skip

CLAY_TILE = Material(
    "clay tile",
    continuum=((350, 0.06), (480, 0.075), (560, 0.15), (620, 0.23), (750, 0.31), (1000, 0.35),
               (1300, 0.38), (2000, 0.41), (2500, 0.39)),
    bands=((530, 50, 0.15), (865, 170, 0.15), (1415, 60, 0.02), (1915, 80, 0.04)),
    source=f"burnt clay, coloured by hematite: {_TOWNS}",
)  # fmt: skip

WHITE_PAINT = Material(
    "white paint",
    continuum=((350, 0.06), (395, 0.20), (425, 0.72), (500, 0.82), (900, 0.82), (1300, 0.76),
               (1700, 0.68), (2200, 0.52), (2500, 0.40)),
    bands=((1190, 50, 0.04), (1420, 60, 0.08), (1680, 40, 0.08), (1730, 46, 0.18),
           (1940, 80, 0.08), (2145, 40, 0.08), (2310, 60, 0.22)),
    source=f"titanium dioxide absorbs below 400 nm: {_TOWNS}; C-H: {_PLASTICS}",
)  # fmt: skip

BLUE_TARP = Material(
    "blue tarp",
    continuum=((350, 0.10), (410, 0.20), (460, 0.36), (500, 0.30), (545, 0.14), (680, 0.10),
               (730, 0.14), (800, 0.44), (1100, 0.62), (1300, 0.62), (1650, 0.58), (2200, 0.48),
               (2500, 0.28)),
    bands=((610, 60, 0.45), (690, 60, 0.40), (1212, 50, 0.18), (1395, 46, 0.16),
           (1415, 30, 0.10), (1730, 40, 0.42), (1764, 36, 0.30), (2310, 44, 0.40),
           (2350, 40, 0.28)),
    source=f"polyethylene (C-H) with a blue pigment: {_PLASTICS}",
)  # fmt: skip

SURFACES = (
    GREEN_VEGETATION,
    DRY_VEGETATION,
    DRY_SOIL,
    WET_SOIL,
    SAND,
    WATER,
    SNOW,
    ASPHALT,
    CONCRETE,
    CLAY_TILE,
    WHITE_PAINT,
    BLUE_TARP,
)
