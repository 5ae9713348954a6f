"""A rectangle of the map on a sheet of paper: which squares, at which size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverage.core.grid import (
    ECCENTRICITY_SQUARED,
    SEMI_MAJOR_M,
    WORLD_SQUARES,
    lat_at,
    lon_at,
    position_of,
)

Extent = tuple[float, float, float, float]

# Nearer than this a square would be a wall of colour: 4 km over the sheet's short side.
LEAST_SQUARES = 26.0


@dataclass(frozen=True)
class Frame:
    """Squares (column, row, with fractions) drawn on ``width_mm`` × ``height_mm``."""

    column: float
    row: float
    squares_per_mm: float
    width_mm: float
    height_mm: float

    @property
    def extent(self) -> Extent:
        """West, south, east, north in degrees."""
        right = self.column + self.width_mm * self.squares_per_mm
        below = self.row + self.height_mm * self.squares_per_mm
        return (
            float(lon_at(self.column)),
            float(lat_at(below)),
            float(lon_at(right)),
            float(lat_at(self.row)),
        )

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of the sheet."""
        column = self.column + self.width_mm * self.squares_per_mm / 2
        row = self.row + self.height_mm * self.squares_per_mm / 2
        return float(lon_at(column)), float(lat_at(row))

    @property
    def metres_per_mm(self) -> float:
        """Metres on the ground, west to east, in the middle of the sheet."""
        phi = np.radians(self.centre[1])
        across = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
        radians_per_mm = self.squares_per_mm / WORLD_SQUARES * 2 * np.pi
        return float(across * np.cos(phi) * radians_per_mm)

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Return where a position lies: mm from the left and from the top."""
        column, row = position_of(np.array(lon), np.array(lat))
        return (
            float((column - self.column) / self.squares_per_mm),
            float((row - self.row) / self.squares_per_mm),
        )

    def holds(self, x_mm: float, y_mm: float) -> bool:
        return 0 <= x_mm <= self.width_mm and 0 <= y_mm <= self.height_mm


def fit(
    extent: Extent, width_mm: float, height_mm: float, *, margin: float = 0.0
) -> Frame:
    """Return the frame of that size which holds *extent* in its middle.

    *margin* is the share of the extent that is left free on each side.

    >>> frame = fit((116.0, -0.1, 116.2, 0.1), 200.0, 100.0)
    >>> [round(degrees, 3) for degrees in frame.extent]
    [115.9, -0.1, 116.3, 0.1]
    >>> round(frame.metres_per_mm * 200 / 1000, 1)
    44.5
    """
    west, south, east, north = extent
    column, row = position_of(np.array([west, east]), np.array([north, south]))
    wide = max(float(column[1] - column[0]) * (1 + 2 * margin), LEAST_SQUARES)
    tall = max(float(row[1] - row[0]) * (1 + 2 * margin), LEAST_SQUARES)
    squares_per_mm = max(wide / width_mm, tall / height_mm)
    return Frame(
        column=float(column.mean()) - width_mm * squares_per_mm / 2,
        row=float(row.mean()) - height_mm * squares_per_mm / 2,
        squares_per_mm=squares_per_mm,
        width_mm=width_mm,
        height_mm=height_mm,
    )


def scale_bar_km(frame: Frame, *, most_mm: float = 45.0) -> float:
    """Return the longest of 1, 2, 5, 10 … km that is at most *most_mm* long."""
    most_km = frame.metres_per_mm * most_mm / 1000
    step = 10.0 ** np.floor(np.log10(most_km))
    return float(max(n * step for n in (1, 2, 5) if n * step <= most_km))
