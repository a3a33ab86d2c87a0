"""Run by QGIS's own Python: an algorithm of the plugin, as JSON on stdout.

Arguments: the folder of plugins, then a file: ``{"algorithm", "parameters", "cancel_at"}``.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":  # elsewhere there is no QGIS
    from qgis.core import (
        QgsApplication,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProject,
        QgsRasterLayer,
    )


def run(order):
    """Run an algorithm; the stages and percentages that it told, and what it wants opened."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(order["algorithm"])
    context, feedback, told = QgsProcessingContext(), QgsProcessingFeedback(False), []
    context.setProject(QgsProject.instance())

    def hear(percent):
        told.append(percent)
        if order["cancel_at"] is not None and percent > order["cancel_at"]:
            feedback.cancel()

    feedback.progressChanged.connect(hear)
    results, fine = algorithm.run(order["parameters"], context, feedback)
    layers = []
    for path, details in context.layersToLoadOnCompletion().items():
        layer = QgsRasterLayer(path)  # its renderer dies with it
        layers.append([details.name, layer.renderer().type()])
    alive = "".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    log = feedback.textLog()
    return {"results": results, "fine": fine, "told": told, "layers": layers, "alive": alive,
            "log": log}  # fmt: skip


def main():
    application = QgsApplication([], False)
    application.initQgis()
    sys.path += [f"{QgsApplication.pkgDataPath()}/python/plugins", sys.argv[1]]
    from processing.core.Processing import Processing

    Processing.initialize()
    from unmix_qgis import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    answer = run(json.loads(Path(sys.argv[2]).read_text()))
    sys.stdout.write(f"ANSWER{json.dumps(answer)}\n")
    sys.stdout.flush()
    plugin.unload()
    application.exitQgis()


if __name__ == "__main__":
    main()
