"""The signal surface of one layer as a cloud-optimised GeoTIFF."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio import Affine
from rasterio.windows import Window as RasterWindow

from coverage.core import grid
from coverage.core.classify import State
from coverage.models import CoverageRun, SurfaceTile
from coverage.services.layers import unpack

# A value that no mean, deviation or state has.
NODATA = -9999.0
# Band: its name, unit and what it is.
BANDS = (
    ("mean", "dBm", "estimated received power, RSRP"),
    ("deviation", "dB", "standard deviation of the estimate"),
    ("state", "", "2 covered, 3 weak, 4 probably blank, 5 blank"),
)
# Half the circumference of the world in web maps, metres.
_HALF_WORLD_M = np.pi * grid.SEMI_MAJOR_M
_SQUARE_M = 2 * _HALF_WORLD_M / grid.WORLD_SQUARES
# What GDAL may keep of a raster in memory, in bytes.
_GDAL_CACHE = 64 * 1024 * 1024


def write_surface(
    run: CoverageRun, operator: str, service: str, path: Path, about: dict[str, str]
) -> bool:
    """Write mean, deviation and state of a layer to *path*; False if it has no tiles.

    Where nobody has measured there is no value in any band: unknown is not a state
    that a program could take for covered or blank. A square is a pixel, tile by tile.
    """
    rows = SurfaceTile.objects.of_run(run.pk).filter(operator=operator, service=service)
    tiles = list(rows.order_by("y", "x").values_list("x", "y"))
    if not tiles:
        return False
    window = grid.window_of_tiles(tiles)
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": len(BANDS),
        "width": window.width,
        "height": window.height,
        "crs": "EPSG:3857",
        "transform": Affine(
            _SQUARE_M,
            0.0,
            window.column * _SQUARE_M - _HALF_WORLD_M,
            0.0,
            -_SQUARE_M,
            _HALF_WORLD_M - window.row * _SQUARE_M,
        ),
        "nodata": NODATA,
        "tiled": True,
        "blockxsize": grid.TILE_SQUARES,
        "blockysize": grid.TILE_SQUARES,
        # Most of it is nothing; what is not written is not stored either.
        "sparse_ok": True,
        "bigtiff": "if_safer",
    }
    with (
        rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE),
        tempfile.TemporaryDirectory(dir=path.parent) as folder,
    ):
        plain = Path(folder) / "plain.tif"
        with rasterio.open(plain, "w", **profile) as raster:
            raster.update_tags(**about)
            for number, (name, unit, meaning) in enumerate(BANDS, 1):
                raster.set_band_description(number, name)
                raster.set_band_unit(number, unit)
                raster.update_tags(number, meaning=meaning)
            for tile in rows.defer("p_blank").iterator(chunk_size=4):
                row, column = grid.slice_in(window, tile.x, tile.y)
                raster.write(
                    _bands(tile),
                    window=RasterWindow(
                        column.start, row.start, grid.TILE_SQUARES, grid.TILE_SQUARES
                    ),
                )
        rasterio.shutil.copy(
            plain,
            path,
            driver="COG",
            compress="DEFLATE",
            predictor="YES",
            blocksize=grid.TILE_SQUARES,
            # A mean of two states is none of them.
            overview_resampling="nearest",
            num_threads=1,
        )
    return True


def _bands(tile: SurfaceTile) -> np.ndarray:
    state = unpack(tile.state, np.uint8)
    bands = np.stack(
        [
            unpack(tile.mean_ddbm, np.int16) / 10,
            unpack(tile.std_ddb, np.uint8) / 10,
            state,
        ]
    ).astype(np.float32)
    bands[:, state <= State.UNKNOWN] = NODATA
    return bands
