"""Labels beside points: each at the nearest place where it covers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from crossover.experiments import _tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

FAINT = "#000002"
LONGEST_LABEL = 36
LABEL_SIZE = 10.5
# From a marker to its label, in points: nearest first
REACHES = (9, 18, 30, 45, 62, 82, 105, 130, 160)
# The directions to look in, as shares of the reach: beside the marker before above or below it
DIRECTIONS = (
    *((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7)),
    *((0.9, 0.4), (-0.9, 0.4), (0.9, -0.4), (-0.9, -0.4)),
    *((0.4, 0.9), (-0.4, 0.9), (0.4, -0.9), (-0.4, -0.9)),
)
LEADER = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 3}

Place: TypeAlias = tuple[tuple[float, float], dict[str, Any], bool]


@dataclass
class Sheet:
    """What the axes hold already, so that no label covers it and few lines cross a label."""

    axes: Axes
    taken: list[Bbox]
    labels: list[Bbox] = field(default_factory=list)
    leaders: list[Path] = field(default_factory=list)

    def write(self, strategy: str, point: tuple[float, float]) -> bool:
        """Put a label at the nearest free place; False where there is none."""
        text = _tables.name(strategy, LONGEST_LABEL)
        measured = self.axes.text(*point, text, fontsize=LABEL_SIZE, parse_math=False)
        extent = measured.get_window_extent()
        measured.remove()
        place = self._place(self.axes.transData.transform(point), extent.width, extent.height)
        if place is None:
            return False
        offset, sides, line = place
        self.axes.annotate(
            text,
            point,
            xytext=offset,
            **sides,
            textcoords="offset points",
            fontsize=LABEL_SIZE,
            parse_math=False,
            arrowprops=LEADER if line else None,
        ).set_in_layout(False)
        return True

    def _place(self, start: Any, width: float, height: float) -> Place | None:
        """Find the nearest free place, at first without crossing lines, then with them."""
        from matplotlib.path import Path

        free = [(d, box) for d, box in _around(start, width, height) if self._free(box)]
        for crossing in (False, True):
            for (x, y), box in free:
                line = max(abs(x), abs(y)) > REACHES[0]
                leader = Path([start, (start[0] + x, start[1] + y)])
                if crossing or not self._crosses(leader if line else None, box):
                    self.labels.append(box)
                    self.leaders += [leader] if line else []
                    return (x, y), _sides(x, y), line
        return None

    def _free(self, box: Bbox) -> bool:
        frame = self.axes.get_window_extent()
        inside = frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)
        return inside and not any(map(box.overlaps, (*self.labels, *self.taken)))

    def _crosses(self, leader: Path | None, box: Bbox) -> bool:
        over = leader is not None and any(leader.intersects_bbox(b, False) for b in self.labels)
        return over or any(line.intersects_bbox(box, False) for line in self.leaders)


def _around(
    start: tuple[float, float], width: float, height: float
) -> Iterator[tuple[tuple[float, float], Bbox]]:
    """Offsets from a point, nearest first, with the box that a label of this size takes there."""
    from matplotlib.transforms import Bbox

    shift = {"left": 0.0, "bottom": 0.0, "center": -0.5, "right": -1.0, "top": -1.0}
    for reach in REACHES:
        for right, up in DIRECTIONS:
            x, y = right * reach, up * reach
            sides = _sides(x, y)
            left = start[0] + x + shift[sides["ha"]] * width
            bottom = start[1] + y + shift[sides["va"]] * height
            yield (x, y), Bbox.from_bounds(left, bottom, width, height)


def _sides(x: float, y: float) -> dict[str, Any]:
    across = {1: "left", 0: "center", -1: "right"}
    along = {1: "bottom", 0: "center", -1: "top"}
    return {"ha": across[(x > 0) - (x < 0)], "va": along[(y > 0) - (y < 0)]}
