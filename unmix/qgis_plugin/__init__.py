"""Plugin for QGIS: the commands of unmix as algorithms of Processing.

``unmix qgis --install`` copies this folder into a profile of QGIS. There it runs in the Python of
QGIS (3.9 or later), which has neither unmix nor torch: the work is done by the program ``unmix``
in a process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .provider import Plugin


def classFactory(iface: Any) -> Plugin:  # noqa: ANN401  # QGIS calls it so
    """Make the plugin; QGIS calls this when it starts."""
    from .provider import Plugin

    return Plugin()
