"""The preflight report: everything odd about a file, what will be done about it, and the cure.

>>> from scenes.preflight import preflight
"""

from scenes.preflight.finding import Finding, Severity
from scenes.preflight.report import preflight

__all__ = ["Finding", "Severity", "preflight"]
