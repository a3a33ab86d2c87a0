"""Parameters and outputs that several algorithms share."""

from __future__ import annotations

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputHtml,
    QgsProcessingOutputNumber,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)
from qgis.core import QgsProcessingParameterDefinition as Parameter

from .results import LOADABLE, RASTERS

READINGS = ["reflectance", "nnls", "fcls", "peak", "l2"]


def scene() -> Parameter:
    """The scene: a layer or a file."""
    return QgsProcessingParameterRasterLayer("INPUT", "Scene")


def number(name: str, text: str, default: int) -> Parameter:
    """A whole number from 0."""
    return QgsProcessingParameterNumber(
        name, text, QgsProcessingParameterNumber.Integer, default, False, 0
    )


def reading(text: str, default: str | None) -> Parameter:
    """How fractions are read; optional without a default."""
    return advanced(
        QgsProcessingParameterEnum(
            "READING",
            text,
            READINGS,
            defaultValue=default,
            optional=default is None,
            usesStaticStrings=True,
        )
    )


def advanced(parameter: Parameter) -> Parameter:
    """The same parameter in the folded part of the dialog."""
    parameter.setFlags(parameter.flags() | Parameter.FlagAdvanced)
    return parameter


def parameters_of_maps() -> list[Parameter]:
    """What every algorithm that writes maps asks for."""
    return [
        QgsProcessingParameterVectorLayer(
            "MASK",
            "Use only what lies in these polygons",
            [QgsProcessing.TypeVectorPolygon],
            optional=True,
        ),
        QgsProcessingParameterFolderDestination("OUTPUT", "Folder for the maps"),
        QgsProcessingParameterBoolean(
            "OVERWRITE", "Replace the maps of an earlier run", defaultValue=False
        ),
        QgsProcessingParameterEnum(
            "LOAD",
            "Open when done",
            list(LOADABLE),
            allowMultiple=True,
            defaultValue=[0, 1, 2],
            optional=True,
        ),
        advanced(_amount("SCALE", "Raw number that means reflectance 1 (empty: as the file says)")),
        advanced(_amount("NODATA", "Raw number that means no data (empty: as the file says)")),
        advanced(
            QgsProcessingParameterString(
                "MORE", "Further options, as on the command line", optional=True
            )
        ),
    ]


def outputs_of_maps() -> list[QgsProcessingOutputDefinition]:
    """What every algorithm that writes maps hands on."""
    rasters = [QgsProcessingOutputRasterLayer(name.upper(), name) for name in RASTERS]
    return [
        *rasters,
        QgsProcessingOutputHtml("REPORT", "Report"),
        QgsProcessingOutputString("MODEL_FOLDER", "Model, for mapping further scenes"),
        QgsProcessingOutputNumber("N_MATERIALS", "Number of materials"),
        QgsProcessingOutputNumber("RESIDUAL_RMSE", "Root mean square of what is left unexplained"),
    ]


def _amount(name: str, text: str) -> Parameter:
    return QgsProcessingParameterNumber(
        name, text, QgsProcessingParameterNumber.Double, None, optional=True
    )
