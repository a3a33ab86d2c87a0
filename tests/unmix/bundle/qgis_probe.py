"""Run by QGIS's own Python: what QGIS makes of rasters, as JSON on stdout.

Arguments: a folder, then a file of points, ``[[raster, x, y], ...]``.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":  # elsewhere there is no QGIS
    from qgis.core import (
        QgsApplication,
        QgsMultiBandColorRenderer,
        QgsPalettedRasterRenderer,
        QgsPointXY,
        QgsRaster,
        QgsRasterLayer,
        QgsSingleBandPseudoColorRenderer,
    )


def described(path):
    layer = QgsRasterLayer(str(path), path.stem)
    renderer = layer.renderer()
    found = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "bands": [layer.bandName(band + 1) for band in range(layer.bandCount())],
        "renderer": renderer.type(),
    }
    if isinstance(renderer, QgsPalettedRasterRenderer):
        found["items"] = [[c.value, c.label, c.color.name()] for c in renderer.classes()]
    if isinstance(renderer, QgsSingleBandPseudoColorRenderer):
        ramp = renderer.shader().rasterShaderFunction()
        found["items"] = [[i.value, i.label, i.color.name()] for i in ramp.colorRampItemList()]
    if isinstance(renderer, QgsMultiBandColorRenderer):
        stretch = renderer.greenContrastEnhancement()
        found["items"] = [renderer.greenBand(), stretch.minimumValue(), stretch.maximumValue()]
    return found


def value_at(path, x, y):
    """Values of all bands in QGIS's cell around a point, where its middle is, and its colour.

    QGIS turns a rotated raster to the north first, so its cells are not those of the file.
    """
    layer = QgsRasterLayer(str(path), path.stem)
    extent = layer.extent()
    width, height = layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY()
    x = extent.xMinimum() + width * ((x - extent.xMinimum()) // width + 0.5)
    y = extent.yMaximum() - height * ((extent.yMaximum() - y) // height + 0.5)
    provider = layer.dataProvider()
    values = provider.identify(QgsPointXY(x, y), QgsRaster.IdentifyFormatValue).results()
    extent.set(x - width / 50, y - height / 50, x + width / 50, y + height / 50)
    colour = layer.renderer().block(1, extent, 1, 1).color(0, 0)
    argb = [colour >> shift & 255 for shift in (24, 16, 8, 0)]
    return {"place": [x, y], "values": [values[band] for band in sorted(values)], "argb": argb}


def main():
    application = QgsApplication([], False)
    application.initQgis()
    folder = Path(sys.argv[1])
    points = json.loads(Path(sys.argv[2]).read_text())
    answer = {
        "layers": {path.name: described(path) for path in sorted(folder.glob("*.tif"))},
        "points": [value_at(folder / name, x, y) for name, x, y in points],
    }
    sys.stdout.write(f"ANSWER{json.dumps(answer)}\n")
    application.exitQgis()


if __name__ == "__main__":
    main()
