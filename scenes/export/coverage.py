"""Which pixels of a grid have been written, kept as a short list of rectangles."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from scenes.errors import SceneError


class Rectangle(NamedTuple):
    """Some rows and columns of a grid."""

    row: int
    column: int
    height: int
    width: int

    def meets(self, other: Rectangle) -> bool:
        """Whether both have a pixel in common."""
        rows = self.row < other.row + other.height and other.row < self.row + self.height
        columns = (
            self.column < other.column + other.width and other.column < self.column + self.width
        )
        return rows and columns


class Coverage:
    """Remembers what was written, in memory that does not grow with the scene.

    Blocks that follow each other downwards are kept as one, so that a scene written row by row
    costs one rectangle.

    Examples
    --------
    >>> coverage = Coverage(height=3, width=4)
    >>> coverage.add(Rectangle(0, 0, 2, 4))
    >>> coverage.add(Rectangle(2, 1, 1, 2))
    >>> [tuple(gap) for gap in coverage.gaps()]
    [(2, 0, 1, 1), (2, 3, 1, 1)]
    """

    def __init__(self, height: int, width: int) -> None:
        self.height = height
        self.width = width
        self.overlaps = False
        """Whether a pixel was written twice."""
        self._written: list[Rectangle] = []

    def add(self, block: Rectangle) -> None:
        """Note that a block was written; it may lie over others."""
        self.overlaps = self.overlaps or any(block.meets(other) for other in self._written)
        if self._written:
            last = self._written[-1]
            follows = block.row == last.row + last.height
            if follows and (block.column, block.width) == (last.column, last.width):
                self._written[-1] = last._replace(height=last.height + block.height)
                return
        self._written.append(block)

    def gaps(self) -> Iterator[Rectangle]:
        """Rectangles that together are all that was never written, from the top down."""
        edges = {0, self.height}
        for block in self._written:
            edges |= {block.row, block.row + block.height}
        rows = sorted(edges)
        waiting = sorted(self._written, reverse=True)
        current: list[Rectangle] = []
        for top, bottom in pairwise(rows):
            while waiting and waiting[-1].row <= top:
                current.append(waiting.pop())
            current = [block for block in current if block.row + block.height > top]
            for column, width in self._free_columns(current):
                yield Rectangle(top, column, bottom - top, width)

    def require_whole(self, target: Path) -> None:
        """Refuse to finish a file in which pixels are missing.

        Raises
        ------
        SceneError
            If pixels were never written.
        """
        for gap in self.gaps():
            raise SceneError(
                f"{target} was not written: {gap.height} x {gap.width} px from row {gap.row}, "
                f"column {gap.column} on were never given. Write every pixel, or pass `nodata`."
            )

    def _free_columns(self, blocks: list[Rectangle]) -> Iterator[tuple[int, int]]:
        """Start and length of each run of columns that no block covers."""
        reached = 0
        for block in sorted(blocks, key=lambda block: block.column):
            if block.column > reached:
                yield reached, block.column - reached
            reached = max(reached, block.column + block.width)
        if reached < self.width:
            yield reached, self.width - reached
