"""A command of unmix as an algorithm of Processing: what all of them share."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)

from .program import Canceled, ProgramError, file_of, find_program, run_program

SETTING = "UNMIX_COMMAND"
WORDS = {
    "`-o` ": "",
    "`-n`": "the number of materials",
    "`--overwrite`": "'Replace the maps of an earlier run'",
}
"""What options of the command line are called in the dialogs."""
Values = dict[str, Any]


class UnmixAlgorithm(QgsProcessingAlgorithm):
    """A command of unmix; what is particular about each is in the classes below."""

    NAME = TITLE = TEXT = ""
    STAGES: tuple[tuple[str, int], ...] = ()
    """Stages in their order, each with the percentage of the whole that is done after it."""
    ACCEPTED: tuple[int, ...] = (0,)
    """Exit codes of success."""

    def name(self) -> str:
        """Name in commands."""
        return self.NAME

    def displayName(self) -> str:
        """Name in the toolbox."""
        return self.TITLE

    def shortHelpString(self) -> str:
        """Help beside the dialog."""
        return self.TEXT

    def createInstance(self) -> UnmixAlgorithm:
        """A fresh one."""
        return type(self)()

    def canExecute(self) -> tuple[bool, str]:
        """Whether the program is there."""
        try:
            find_program(_setting())
        except ProgramError as error:
            return False, str(error)
        return True, ""

    def checkParameterValues(
        self, parameters: Values, context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Let a scene pass that QGIS cannot open as a layer, such as an ENVI header: unmix may."""
        given = parameters.get("INPUT")
        if not isinstance(given, str) or not Path(given).is_file():
            return super().checkParameterValues(parameters, context)
        for known in self.parameterDefinitions():
            value = parameters.get(known.name())
            if known.name() != "INPUT" and not known.checkValueIsAcceptable(value, context):
                return False, f"{known.description()}: {value!r} is not possible."
        return True, ""

    def prepareAlgorithm(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Put the command together while layers may be looked at."""
        self.stage = ""
        self.words = [self.NAME, *self.arguments(parameters, context, feedback)]
        return True

    def processAlgorithm(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Values:
        """Run the command."""
        try:
            command = [*find_program(_setting()), *self.words]
            feedback.pushCommandInfo(shlex.join(command))
            answer = run_program(
                command,
                lambda stage, share: self._tell(feedback, stage, share),
                lambda line: _say(feedback, line),
                feedback.isCanceled,
                self.ACCEPTED,
            )
        except Canceled as stopped:
            feedback.pushInfo(str(stopped))
            return {}
        except ProgramError as error:
            message = str(error)
            for flag, words in WORDS.items():
                message = message.replace(flag, words)
            raise QgsProcessingException(message) from error
        feedback.setProgress(100)
        return self.results(answer, parameters, context, feedback)

    def arguments(
        self, parameters: Values, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """What follows the command's name."""
        raise NotImplementedError

    def results(
        self,
        answer: str,
        parameters: Values,
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> Values:
        """What comes out, from what the command printed."""
        raise NotImplementedError

    def scene_of(self, parameters: Values, context: QgsProcessingContext) -> str:
        """The file of the scene: of a layer, or one that QGIS itself cannot open."""
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if layer is not None:
            return file_of(layer.source())
        return file_of(self.parameterAsString(parameters, "INPUT", context))

    def given(
        self, parameters: Values, context: QgsProcessingContext, flags: dict[str, str]
    ) -> list[str]:
        """Options that have a value, by the names of their parameters."""
        found: list[str] = []
        for name, flag in flags.items():
            text = self.parameterAsString(parameters, name, context)
            if parameters.get(name) is not None and text:
                found += [flag, text]
        return found

    def _tell(self, feedback: QgsProcessingFeedback, stage: str, share: float) -> None:
        if stage != self.stage:
            self.stage = stage
            feedback.setProgressText(stage)
        begin = 0
        for name, end in self.STAGES:
            if name == stage:
                feedback.setProgress(begin + share * (end - begin))
            begin = end


def _setting() -> str:
    """What the user set in the options of Processing."""
    from processing.core.ProcessingConfig import ProcessingConfig

    return str(ProcessingConfig.getSetting(SETTING) or "")


def _say(feedback: QgsProcessingFeedback, line: str) -> None:
    if line.startswith("Warning: "):
        feedback.pushWarning(line[len("Warning: ") :])
    elif not line.startswith("Error: "):  # it comes as the exception
        feedback.pushInfo(line)
