"""The plugin and its provider of algorithms, as QGIS wants them."""

from __future__ import annotations

from qgis.core import QgsApplication, QgsProcessingProvider

from .algorithm import SETTING
from .algorithms import Apply, Run
from .looks import Check, Count


class Plugin:
    """What QGIS starts and stops."""

    def __init__(self) -> None:
        self.provider: Provider | None = None

    def initProcessing(self) -> None:  # QGIS calls it so; qgis_process, only this
        """Add the provider to Processing."""
        self.provider = Provider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Add the provider; there is nothing in menus."""
        self.initProcessing()

    def unload(self) -> None:
        """Take the provider away."""
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)


class Provider(QgsProcessingProvider):
    """The algorithms of unmix."""

    def id(self) -> str:
        """Name in the names of algorithms: ``unmix:run``."""
        return "unmix"

    def name(self) -> str:
        """Name in the toolbox."""
        return "unmix"

    def longName(self) -> str:
        """Name in the options."""
        return "unmix: hyperspectral unmixing"

    def load(self) -> bool:
        """Add the algorithms, and the setting that says where the program is."""
        from processing.core.ProcessingConfig import ProcessingConfig, Setting

        ProcessingConfig.settingIcons[self.name()] = self.icon()
        described = "Path of the program unmix (empty: the one that installed this plugin)"
        ProcessingConfig.addSetting(Setting(self.name(), SETTING, described, ""))
        ProcessingConfig.readSettings()
        self.refreshAlgorithms()
        return True

    def unload(self) -> None:
        """Take the setting away."""
        from processing.core.ProcessingConfig import ProcessingConfig

        ProcessingConfig.removeSetting(SETTING)

    def loadAlgorithms(self) -> None:
        """Add every algorithm."""
        for algorithm in (Run, Apply, Count, Check):
            self.addAlgorithm(algorithm())
