"""The commands that write maps, as algorithms of Processing."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterFile
from qgis.core import QgsProcessingParameterDefinition as Parameter

from .algorithm import UnmixAlgorithm, Values
from .parameters import (
    READINGS,
    advanced,
    number,
    outputs_of_maps,
    parameters_of_maps,
    reading,
    scene,
)
from .program import file_of
from .results import load_maps, results_of


class MapAlgorithm(UnmixAlgorithm):
    """A command that writes maps."""

    def initAlgorithm(self, configuration: Values | None = None) -> None:
        """Declare parameters and outputs."""
        for parameter in (scene(), *self.declared(), *parameters_of_maps()):
            self.addParameter(parameter)
        for output in outputs_of_maps():
            self.addOutput(output)

    def declared(self) -> list[Parameter]:
        """Parameters of its own."""
        raise NotImplementedError

    def results(
        self,
        answer: str,
        parameters: Values,
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> Values:
        """The maps, which are opened in QGIS with their styles."""
        folder = Path(self.parameterAsString(parameters, "OUTPUT", context))
        load_maps(folder, self.parameterAsEnums(parameters, "LOAD", context), context)
        return results_of(folder)

    def common(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """Options that all maps have."""
        found = ["--out", self.parameterAsString(parameters, "OUTPUT", context), "--split"]
        found += self.given(parameters, context, {"SCALE": "--scale", "NODATA": "--nodata"})
        if parameters.get("MASK"):
            path = self.parameterAsCompatibleSourceLayerPath(
                parameters, "MASK", context, ["geojson"], "geojson", feedback
            )
            found += ["--mask", file_of(path)]
        if self.parameterAsBoolean(parameters, "OVERWRITE", context):
            found.append("--overwrite")
        more = self.parameterAsString(parameters, "MORE", context)
        return found + [word.strip('"') for word in shlex.split(more, posix=os.name != "nt")]


class Run(MapAlgorithm):
    """``unmix run``."""

    NAME, TITLE = "run", "Unmix a scene"
    TEXT = (
        "Learns the materials of a hyperspectral scene, without labels, and maps which fraction of "
        "each pixel they cover, with the uncertainty of every fraction. The maps lie on the pixels "
        "of the scene. The folder also gets a report (report.html), the spectra of the materials "
        "and the model, with which further scenes of the same sensor can be mapped."
    )
    STAGES = (("learning", 40), ("mapping", 88), ("writing", 94), ("drawing", 100))

    def declared(self) -> list[Parameter]:
        """Parameters of its own."""
        return [
            number("N_ENDMEMBERS", "Number of materials (0: as many as the scene shows)", 5),
            QgsProcessingParameterFile(
                "LIBRARY", "Spectral library to name the materials after", optional=True
            ),
            reading("How fractions are read", READINGS[0]),
            advanced(number("REFITS", "Refits, which tell how stable the materials are", 3)),
            advanced(number("SEED", "Seed: the same seed makes the same maps", 0)),
        ]

    def arguments(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """What follows ``unmix run``."""
        wanted = self.parameterAsInt(parameters, "N_ENDMEMBERS", context)
        flags = {"LIBRARY": "--library", "REFITS": "--refits", "SEED": "--seed"}
        return [
            self.scene_of(parameters, context),
            "-n",
            str(wanted) if wanted else "auto",
            "--reading",
            self.parameterAsEnumString(parameters, "READING", context),
            *self.given(parameters, context, flags),
            *self.common(parameters, context, feedback),
        ]


class Apply(MapAlgorithm):
    """``unmix apply``."""

    NAME, TITLE = "apply", "Map a scene with an earlier model"
    TEXT = (
        "Maps the materials of an earlier run in another scene of the same sensor, such as the "
        "next flight line. The scene must be lit like the one that the model was learned from, "
        "unless the reading is nnls."
    )
    STAGES = (("mapping", 82), ("writing", 90), ("drawing", 100))

    def declared(self) -> list[Parameter]:
        """Parameters of its own."""
        return [
            QgsProcessingParameterFile(
                "MODEL",
                "Folder of an earlier run, or of its model",
                behavior=QgsProcessingParameterFile.Folder,
            ),
            reading("How fractions are read (empty: as the model says)", None),
        ]

    def arguments(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """What follows ``unmix apply``."""
        folder = Path(self.parameterAsString(parameters, "MODEL", context))
        inside = folder / "model"
        return [
            self.scene_of(parameters, context),
            "--model",
            str(inside if inside.is_dir() else folder),
            *self.given(parameters, context, {"READING": "--reading"}),
            *self.common(parameters, context, feedback),
        ]
