"""Minerals: the alteration and weathering minerals that imaging spectroscopy maps.

Absorptions of OH, water, carbonate and sulphate come from vibrations, those of iron from
electronic transitions. Positions are those of Hunt (1977, doi:10.1190/1.1440721), Clark et al.
(1990, doi:10.1029/JB095iB08p12653) and Clark (1999, Manual of Remote Sensing vol. 3, ch. 1);
brightness and depths are typical of the powders in Kokaly et al. (2017, doi:10.3133/ds1035).
Depths vary with grain size; positions hardly do.
"""

from unmix.simulation.spectra import Material

_VIBRATIONS = "Hunt 1977 doi:10.1190/1.1440721; Clark et al. 1990 doi:10.1029/JB095iB08p12653"
_IRON = "Morris et al. 1985 doi:10.1029/JB090iB04p03126; Clark 1999"

KAOLINITE = Material(
    "kaolinite",
    continuum=((350, 0.52), (500, 0.70), (750, 0.80), (1300, 0.84), (1800, 0.80), (2500, 0.58)),
    bands=(
        (958, 50, 0.015),
        (1395, 18, 0.25),  # first overtone of the OH stretch, a doublet
        (1414, 20, 0.38),
        (1825, 70, 0.06),
        (1912, 60, 0.09),
        (2162, 32, 0.30),  # Al-OH, the kaolinite doublet
        (2206, 36, 0.46),
        (2313, 20, 0.08),
        (2356, 24, 0.12),
        (2384, 20, 0.14),
        (2480, 70, 0.20),
    ),
    source=_VIBRATIONS,
)

ALUNITE = Material(
    "alunite",
    continuum=((350, 0.45), (500, 0.62), (750, 0.72), (1300, 0.76), (1700, 0.72), (2500, 0.45)),
    bands=(
        (1010, 90, 0.03),
        (1430, 34, 0.36),  # OH doublet
        (1480, 40, 0.42),
        (1762, 40, 0.20),
        (1940, 70, 0.08),
        (2165, 62, 0.46),  # Al-OH
        (2208, 30, 0.12),  # its shoulder
        (2320, 50, 0.34),
        (2420, 50, 0.14),
        (2510, 90, 0.30),
    ),
    source=_VIBRATIONS,
)

MUSCOVITE = Material(
    "muscovite",
    continuum=((350, 0.32), (450, 0.48), (600, 0.58), (1300, 0.66), (1800, 0.68), (2500, 0.52)),
    bands=(
        (1412, 30, 0.22),
        (1912, 70, 0.08),
        (2115, 40, 0.05),
        (2203, 38, 0.40),  # Al-OH
        (2348, 40, 0.24),
        (2442, 42, 0.22),
    ),
    source=_VIBRATIONS,
)

MONTMORILLONITE = Material(
    "montmorillonite",
    continuum=((350, 0.30), (450, 0.50), (650, 0.68), (1300, 0.74), (1700, 0.72), (2500, 0.52)),
    bands=(
        (960, 70, 0.03),
        (1160, 80, 0.03),
        (1412, 36, 0.26),  # OH
        (1460, 100, 0.16),  # water, overlaps
        (1908, 48, 0.38),  # water held between the layers
        (1965, 110, 0.16),
        (2206, 48, 0.24),  # Al-OH
        (2430, 120, 0.12),
    ),
    source=_VIBRATIONS,
)

CALCITE = Material(
    "calcite",
    continuum=((350, 0.66), (500, 0.80), (900, 0.86), (1700, 0.86), (2200, 0.82), (2500, 0.74)),
    bands=(
        (1880, 50, 0.06),
        (1995, 60, 0.08),
        (2160, 50, 0.05),
        (2338, 78, 0.38),  # carbonate, steeper on its long side
        (2300, 60, 0.08),
        (2540, 110, 0.50),
    ),
    source=_VIBRATIONS,
)

DOLOMITE = Material(
    "dolomite",
    continuum=((350, 0.52), (500, 0.66), (900, 0.74), (1700, 0.76), (2200, 0.72), (2500, 0.62)),
    bands=(
        (1100, 320, 0.06),  # a little ferrous iron in the place of magnesium
        (1862, 50, 0.06),
        (1978, 60, 0.08),
        (2140, 50, 0.05),
        (2320, 76, 0.36),  # carbonate, 20 nm shorter than in calcite
        (2280, 60, 0.08),
        (2515, 90, 0.40),
    ),
    source=_VIBRATIONS,
)

CHLORITE = Material(
    "chlorite",
    continuum=((350, 0.13), (550, 0.26), (800, 0.30), (1300, 0.40), (1900, 0.54), (2500, 0.46)),
    bands=(
        (460, 60, 0.08),
        (715, 130, 0.22),  # charge transfer between ferrous and ferric iron
        (920, 180, 0.24),  # ferrous iron
        (1110, 240, 0.24),
        (1395, 26, 0.14),
        (2000, 80, 0.05),
        (2256, 44, 0.22),  # Fe-OH
        (2345, 70, 0.40),  # Mg-OH
        (2480, 80, 0.22),
    ),
    source=f"{_VIBRATIONS}; iron: Hunt 1977",
)

GOETHITE = Material(
    "goethite",
    continuum=(
        (350, 0.04),
        (470, 0.06),
        (560, 0.17),
        (640, 0.25),
        (780, 0.34),
        (1100, 0.50),
        (1350, 0.58),
        (1800, 0.60),
        (2500, 0.45),
    ),
    bands=(
        (480, 70, 0.25),  # crystal field of ferric iron
        (662, 110, 0.15),
        (920, 250, 0.48),
        (1440, 120, 0.05),
        (1935, 110, 0.12),
        (2480, 200, 0.15),
    ),
    source=_IRON,
)

HEMATITE = Material(
    "hematite",
    continuum=(
        (350, 0.045),
        (530, 0.05),
        (580, 0.11),
        (630, 0.15),
        (750, 0.21),
        (1000, 0.29),
        (1250, 0.35),
        (2500, 0.40),
    ),
    bands=(
        (535, 46, 0.25),  # the edge that makes it red
        (650, 80, 0.10),
        (855, 200, 0.50),  # 60 to 70 nm shorter than in goethite
    ),
    source=_IRON,
)

JAROSITE = Material(
    "jarosite",
    continuum=(
        (350, 0.12),
        (450, 0.26),
        (560, 0.46),
        (720, 0.60),
        (1300, 0.70),
        (1750, 0.68),
        (2500, 0.48),
    ),
    bands=(
        (434, 34, 0.40),  # narrow, of ferric iron
        (505, 50, 0.12),
        (915, 210, 0.42),
        (1468, 50, 0.16),
        (1850, 60, 0.24),
        (2264, 60, 0.30),  # Fe-OH
        (2460, 120, 0.22),
    ),
    source=f"{_VIBRATIONS}; iron: Hunt 1977",
)

GYPSUM = Material(
    "gypsum",
    continuum=((350, 0.72), (500, 0.82), (900, 0.86), (1350, 0.82), (1700, 0.72), (2500, 0.36)),
    bands=(
        (1000, 60, 0.04),
        (1203, 50, 0.10),
        (1449, 40, 0.44),  # water of crystallisation, a triplet
        (1490, 30, 0.26),
        (1535, 36, 0.24),
        (1750, 46, 0.22),
        (1945, 70, 0.62),
        (1975, 60, 0.15),
        (2172, 30, 0.06),
        (2215, 52, 0.24),
        (2268, 36, 0.10),
        (2430, 100, 0.28),
    ),
    source=_VIBRATIONS,
)

MINERALS = (
    KAOLINITE,
    ALUNITE,
    MUSCOVITE,
    MONTMORILLONITE,
    CALCITE,
    DOLOMITE,
    CHLORITE,
    GOETHITE,
    HEMATITE,
    JAROSITE,
    GYPSUM,
)
