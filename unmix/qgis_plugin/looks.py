"""The commands that look at a scene, as algorithms of Processing."""

from __future__ import annotations

import json

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
)

from .algorithm import UnmixAlgorithm, Values
from .parameters import number, scene


class Count(UnmixAlgorithm):
    """``unmix count``."""

    NAME, TITLE = "count", "Count the materials of a scene"
    TEXT = "Estimates in several ways how many materials a scene has, and recommends a number."
    STAGES = (("counting", 100),)

    def initAlgorithm(self, configuration: Values | None = None) -> None:
        """Declare parameters and outputs."""
        self.addParameter(scene())
        self.addParameter(number("MAX", "Largest number to try", 12))
        self.addOutput(QgsProcessingOutputNumber("RECOMMENDED", "Recommended number"))
        self.addOutput(QgsProcessingOutputString("REASON", "Why"))

    def arguments(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """What follows ``unmix count``."""
        most = self.given(parameters, context, {"MAX": "--max"})
        return [self.scene_of(parameters, context), *most, "--json"]

    def results(
        self,
        answer: str,
        parameters: Values,
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> Values:
        """The number and why."""
        told = json.loads(answer)
        feedback.pushInfo(f"Recommended: {told['recommended']}, {told['reason']}.")
        return {"RECOMMENDED": told["recommended"], "REASON": told["reason"]}


class Check(UnmixAlgorithm):
    """``unmix info --check``."""

    NAME, TITLE = "info", "Check a scene before unmixing"
    TEXT = "Looks a scene over: units, bands, nodata, scale and place, and what would mend them."
    ACCEPTED = (0, 1)

    def initAlgorithm(self, configuration: Values | None = None) -> None:
        """Declare parameters and outputs."""
        self.addParameter(scene())
        self.addOutput(QgsProcessingOutputNumber("N_ERRORS", "What stops a run"))
        self.addOutput(QgsProcessingOutputNumber("N_WARNINGS", "What may spoil it"))

    def arguments(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """What follows ``unmix info``."""
        return [self.scene_of(parameters, context), "--check", "--json"]

    def results(
        self,
        answer: str,
        parameters: Values,
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> Values:
        """How many findings of each kind; they are told in the log."""
        findings = json.loads(answer)["findings"]
        for found in findings:
            text = " ".join(filter(None, (found["odd"], found["action"], found["cure"])))
            say = feedback.pushInfo if found["severity"] in ("note", "ok") else feedback.pushWarning
            say(f"{found['severity']}: {text}")
        kinds = [found["severity"] for found in findings]
        return {"N_ERRORS": kinds.count("error"), "N_WARNINGS": kinds.count("warning")}
