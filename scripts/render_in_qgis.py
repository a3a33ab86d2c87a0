"""Run by the Python of QGIS: draw a bundle's maps as QGIS shows them, side by side.

python3 scripts/render_in_qgis.py BUNDLE PICTURE

Every layer has the style that QGIS finds beside its file, and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

WIDTH, HEIGHT, MARGIN, TITLE = 400, 330, 8, 26
COLUMNS = 4


def panels(bundle: Path) -> Iterator[tuple[str, list[str]]]:
    """Titles, and layers from the top down: the scene, each material, the dominant one over it."""
    yield "quicklook", ["quicklook"]
    for path in sorted(bundle.glob("abundances/*.tif")):
        name = f"abundances/{path.stem}"
        yield name, [name, "quicklook"]
    yield "dominant", ["dominant", "quicklook"]


def layers_of(bundle: Path, names: list[str]) -> list[Any]:
    """Raster layers with their own styles, the upper one a little transparent."""
    from qgis.core import QgsRasterLayer

    layers = [QgsRasterLayer(str(bundle / f"{name}.tif"), name) for name in names]
    for layer in layers[:-1]:
        layer.setOpacity(0.85)
    return layers


def drawn(layers: list[Any]) -> Any:  # noqa: ANN401  # a QImage
    """A picture of layers."""
    from qgis.core import QgsMapRendererParallelJob, QgsMapSettings
    from qgis.PyQt.QtCore import QSize
    from qgis.PyQt.QtGui import QColor

    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(layers[0].crs())
    settings.setOutputSize(QSize(WIDTH, HEIGHT))
    settings.setBackgroundColor(QColor("white"))
    extent = layers[-1].extent()
    extent.scale(1.02)
    settings.setExtent(extent)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def main(bundle: Path, picture: Path) -> None:
    """Draw all panels on one sheet."""
    from qgis.core import QgsApplication
    from qgis.PyQt.QtGui import QColor, QFont, QImage, QPainter

    application = QgsApplication([], True)
    application.initQgis()
    found = list(panels(bundle))
    n_rows = -(-len(found) // COLUMNS)
    sheet = QImage(
        COLUMNS * (WIDTH + MARGIN) + MARGIN,
        n_rows * (HEIGHT + TITLE + MARGIN) + MARGIN,
        QImage.Format_RGB32,
    )
    sheet.fill(QColor("white"))
    painter = QPainter(sheet)
    painter.setFont(QFont("DejaVu Sans", 10))
    for place, (title, names) in enumerate(found):
        x = MARGIN + place % COLUMNS * (WIDTH + MARGIN)
        y = MARGIN + place // COLUMNS * (HEIGHT + TITLE + MARGIN)
        painter.drawText(x, y + TITLE - 9, title)
        painter.drawImage(x, y + TITLE, drawn(layers_of(bundle, names)))
    painter.end()
    sheet.save(str(picture))
    application.exitQgis()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
