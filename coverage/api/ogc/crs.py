"""Coordinate reference systems that the OGC API answers in (Part 2)."""

from __future__ import annotations

from dataclasses import dataclass

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@dataclass(frozen=True)
class Crs:
    """A reference system by its address.

    Attributes
    ----------
    srid : EPSG's number
    is_lat_first : whether its first axis is the latitude
    decimals : of a coordinate, so that 1 cm is told in degrees and in metres
    """

    uri: str
    srid: int
    is_lat_first: bool
    decimals: int


CRS84 = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, False, 7)
SYSTEMS = {
    one.uri: one
    for one in (
        CRS84,
        Crs(f"{EPSG}4326", 4326, True, 7),
        # Web Mercator, and UTM zone 50 south, in which the regency's offices draw.
        Crs(f"{EPSG}3857", 3857, False, 2),
        Crs(f"{EPSG}32750", 32750, False, 2),
    )
}
# In metres, twice the earth around: what no coordinate of ours exceeds.
MOST_M = 8e7
