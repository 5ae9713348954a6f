"""Every bulk file of a run, opened by the program that people open it with."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from xml.etree import ElementTree

import geopandas
import mapbox_vector_tile
import numpy as np
import pandas
import pyarrow.parquet as pq
import pyogrio
import pytest
import rasterio
import shapely
from django.db import connection
from django.utils import timezone
from pmtiles.reader import MmapSource, Reader, all_tiles
from rasterio.warp import transform

from coverage.core.classify import State
from coverage.models import BlankSpot, RunFile, SurfaceTile, VillageCoverage
from coverage.selectors.file_columns import BLANK_SPOTS, COVERAGE, TABLES
from coverage.services.compute_run import compute_full
from coverage.services.downloads.build import build_files
from coverage.services.downloads.disk import folder_of
from coverage.services.layers import unpack
from villages.models import Settlement, SignalReport

pytestmark = pytest.mark.django_db
AREAS = ("covered_km2", "weak_km2", "likely_blank_km2", "blank_km2", "unknown_km2")


def in_silence(*_):
    pass


def made_of(run):
    build_files(run, now=timezone.now(), progress=in_silence)
    return folder_of(run.pk)


@pytest.fixture
def a_run(a_blank_west):
    west = a_blank_west[0]
    Settlement.objects.create(
        name="RT 1", kind="rt", village=west, point=west.point, people=120
    )
    return compute_full(now=timezone.now(), progress=in_silence, threads=1)


@pytest.fixture
def folder(a_run):
    return made_of(a_run)


def sql(statement, run):
    with connection.cursor() as cursor:
        cursor.execute(statement, {"run": run.pk})
        return cursor.fetchall()


def spots_in_sql(run):
    """Return per layer and state: how many, their areas, and those of their polygons."""
    return {
        (operator, service, state): (count, float(area), shape)
        for operator, service, state, count, area, shape in sql(
            "SELECT operator, service, state, count(*),"
            " sum(round(area_km2::numeric, 4)), sum(ST_Area(polygon))"
            " FROM coverage_blankspot WHERE first_run_id <= %(run)s"
            " AND (ended_run_id IS NULL OR ended_run_id > %(run)s) GROUP BY 1, 2, 3",
            run,
        )
    }


def spots_in(frame):
    if "operator" not in frame:
        frame = frame.rename(columns={c.short: c.name for c in BLANK_SPOTS.columns})
    area = shapely.area(frame.geometry.values) if "geometry" in frame else 0.0
    frame = pandas.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    groups = frame.assign(shape=area).groupby(["operator", "service", "state"])
    return {
        key: (len(rows), rows["area_km2"].astype(float).sum(), rows["shape"].sum())
        for key, rows in groups
    }


def assert_same(found, expected, *, has_shapes=True):
    assert found.keys() == expected.keys()
    assert len(expected) > 2
    for key, (count, area, shape) in expected.items():
        assert found[key][0] == count > 0
        assert found[key][1] == pytest.approx(area, abs=1e-9)
        if has_shapes:
            # KML has seven decimals.
            assert found[key][2] == pytest.approx(shape, rel=1e-4)


def opened(folder, name):
    """Return the table in *name* as the program for it reads it."""
    path = folder / name
    if name.endswith(".parquet"):
        return geopandas.read_parquet(path)
    if name.endswith(".csv"):
        return pandas.read_csv(path, encoding="utf-8-sig")
    return pyogrio.read_dataframe(path)


def kml_layers(path):
    layers = pyogrio.list_layers(path)[:, 0]
    return pandas.concat([pyogrio.read_dataframe(path, layer=name) for name in layers])


@pytest.mark.parametrize("ending", ["parquet", "fgb", "csv", "kml", "shp.zip", "gpkg"])
def test_blank_spots_are_those_of_the_database(a_run, folder, ending):
    if ending == "kml":
        frame = kml_layers(folder / "blank-spots.kml")
    elif ending == "gpkg":
        frame = pyogrio.read_dataframe(
            folder / "kukar-connect.gpkg", layer="blank_spots"
        )
    else:
        frame = opened(folder, f"blank-spots.{ending}")
    assert_same(spots_in(frame), spots_in_sql(a_run), has_shapes=ending != "csv")


@pytest.mark.parametrize("ending", ["parquet", "fgb", "csv", "kml", "shp.zip", "gpkg"])
def test_coverage_by_village_is_that_of_the_database(a_run, folder, ending):
    if ending == "kml":
        frame = kml_layers(folder / "coverage-by-village.kml")
    elif ending == "gpkg":
        frame = pyogrio.read_dataframe(
            folder / "kukar-connect.gpkg", layer="coverage_by_village"
        )
    else:
        frame = opened(folder, f"coverage-by-village.{ending}")
    if ending == "shp.zip":
        frame = frame.rename(columns={c.short: c.name for c in COVERAGE.columns})
    rows = VillageCoverage.objects.of_run(a_run.pk)
    assert len(frame) == rows.count() > 2
    for row in rows:
        [[_, found]] = frame[
            (frame["village"] == row.village_id)
            & (frame["operator"] == row.operator)
            & (frame["service"] == row.service)
        ].iterrows()
        for name in AREAS:
            assert float(found[name]) == pytest.approx(getattr(row, name), abs=6e-5)
        assert int(found["reports"]) == row.report_count
        shares = {
            "covered": row.covered_km2 - row.weak_km2,
            **{name: getattr(row, f"{name}_km2") for name in ("weak", "likely_blank")},
            **{name: getattr(row, f"{name}_km2") for name in ("blank", "unknown")},
        }
        assert shares[found["main_state"]] == max(shares.values())


def test_every_column_has_the_type_that_the_dictionary_tells(folder):
    kinds = {
        "text": ("string",),
        "whole": ("int64",),
        "number": ("double",),
        "truth": ("bool",),
        "moment": ("timestamp[ms, tz=UTC]",),
    }
    for table in TABLES:
        schema = pq.read_schema(folder / f"{table.name}.parquet")
        told = [(c.name, kinds[c.kind][0]) for c in table.columns]
        assert [(f.name, str(f.type)) for f in schema][:-1] == told
        shape = pyogrio.read_info(folder / f"{table.name}.shp.zip")
        assert list(shape["fields"]) == [c.short for c in table.columns]
        assert all(len(c.short) <= 10 for c in table.columns)
        assert len({c.short for c in table.columns}) == len(table.columns)


def test_qgis_finds_a_style_that_colours_by_state(folder):
    with closing(sqlite3.connect(folder / "kukar-connect.gpkg")) as database:
        styles = database.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault"
            " FROM layer_styles"
        ).fetchall()
        layers = dict(
            database.execute("SELECT table_name, data_type FROM gpkg_contents")
        )
        told = database.execute("PRAGMA integrity_check").fetchall()
    assert told == [("ok",)]
    assert layers == {
        "blank_spots": "features",
        "coverage_by_village": "features",
        "layer_styles": "attributes",
    }
    assert {name for name, *_ in styles} == {"blank_spots", "coverage_by_village"}
    for name, geometry, qml, is_default in styles:
        assert (geometry, is_default) == ("geometry", 1)
        root = ElementTree.fromstring(qml)
        symbols = {s.get("name") for s in root.iter("symbol")}
        leaves = [r for r in root.iter("rule") if r.get("symbol") is not None]
        assert {rule.get("symbol") for rule in leaves} == symbols
        shown = [r for r in root.iter("rule") if r.get("checkstate") == "1"]
        assert len(shown) == 1
        # Every rule's filter is one that GDAL can answer, and none is forgotten.
        column = "state" if name == "blank_spots" else "main_state"
        frame = pyogrio.read_dataframe(folder / "kukar-connect.gpkg", layer=name)
        found = 0
        for branch in root.find("renderer-v2/rules"):
            for leaf in branch:
                where = f"({branch.get('filter')}) AND ({leaf.get('filter')})"
                found += len(
                    pyogrio.read_dataframe(
                        folder / "kukar-connect.gpkg", layer=name, where=where
                    )
                )
        assert found == len(frame) > 0, column


# --- the surface ---------------------------------------------------------------------


def test_the_surface_is_a_cog_with_the_squares_of_the_database(a_run, folder):
    tiles = SurfaceTile.objects.of_run(a_run.pk).filter(
        operator="TELKOMSEL", service="internet"
    )
    with rasterio.open(folder / "surface-telkomsel-internet.tif") as raster:
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.crs.to_epsg() == 3857
        assert raster.descriptions == ("mean", "deviation", "state")
        assert raster.units[:2] == ("dBm", "dB")
        assert raster.overviews(1)
        mean, deviation, state = raster.read()
        nothing = raster.nodata
        points = [(116.05, 0.0), (116.15, 0.0)]
        x, y = transform("EPSG:4326", "EPSG:3857", *zip(*points, strict=True))
        west, east = raster.sample(list(zip(x, y, strict=True)))
    assert west[2] == State.BLANK
    assert east[2] == State.COVERED
    assert east[0] == pytest.approx(-82, abs=4)
    counts = np.zeros(6, int)
    for tile in tiles:
        counts += np.bincount(unpack(tile.state, np.uint8).ravel(), minlength=6)
    for value in range(State.COVERED, State.BLANK + 1):
        assert (state == value).sum() == counts[value]
    assert counts[State.UNKNOWN] > 0
    # Unknown has no value, in no band: nobody can take it for covered or blank.
    is_nothing = state == nothing
    assert set(np.unique(state[~is_nothing])) <= {2, 3, 4, 5}
    assert (mean[is_nothing] == nothing).all()
    assert (deviation[is_nothing] == nothing).all()
    assert (mean[~is_nothing] < 0).all()


def test_gdal_finds_nothing_wrong_with_a_surface(folder):
    done = subprocess.run(
        ["gdalinfo", "-json", str(folder / "surface-any-voice.tif")],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"
    assert [band["noDataValue"] for band in told["bands"]] == [-9999.0] * 3


# --- tiles ---------------------------------------------------------------------------


def test_pmtiles_hold_every_blank_spot_and_village(a_run, folder):
    spots, villages, zooms = set(), {}, set()
    with (folder / "kukar-connect.pmtiles").open("rb") as file:
        source = MmapSource(file)
        reader = Reader(source)
        header, metadata = reader.header(), reader.metadata()
        for (z, _x, _y), data in all_tiles(source):
            zooms.add(z)
            layers = mapbox_vector_tile.decode(gzip.decompress(data))
            for feature in layers.get("blank_spots", {"features": []})["features"]:
                spots.add(feature["properties"]["identity"])
            of_villages = layers.get("coverage_by_village", {"features": []})
            for feature in of_villages["features"]:
                properties = feature["properties"]
                villages[properties["village"]] = properties
    assert (header["min_zoom"], header["max_zoom"]) == (min(zooms), max(zooms))
    assert spots == {
        str(identity)
        for identity in BlankSpot.objects.of_run(a_run.pk).values_list(
            "identity", flat=True
        )
    }
    assert len(spots) > 2
    rows = VillageCoverage.objects.of_run(a_run.pk)
    assert villages.keys() == set(rows.values_list("village_id", flat=True))
    for row in rows:
        found = villages[row.village_id]
        before = f"{row.operator.lower()}_{row.service}_"
        for name in AREAS:
            assert found[before + name] == pytest.approx(getattr(row, name), abs=6e-5)
    fields = {layer["id"]: layer["fields"] for layer in metadata["vector_layers"]}
    assert set(villages["64.02.12.2001"]) <= set(fields["coverage_by_village"])


# --- demonstration data --------------------------------------------------------------


def said_by(path):
    """Return all that *path* says of itself, as one text."""
    name = path.name
    if name.endswith(".parquet"):
        return str(pq.read_schema(path).metadata)
    if name.endswith(".csv"):
        # A table of cells has no other place.
        column = pandas.read_csv(path, encoding="utf-8-sig")["is_demo"]
        return "DEMONSTRATION DATA" if column.all() else ""
    if name.endswith(".kml"):
        return path.read_text()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            return archive.read("README.txt").decode()
    if name.endswith(".fgb"):
        return path.read_bytes()[:20_000].decode(errors="replace")
    if name.endswith(".gpkg"):
        with closing(sqlite3.connect(path)) as database:
            return str(
                database.execute("SELECT description FROM gpkg_contents").fetchall()
            )
    if name.endswith(".tif"):
        with rasterio.open(path) as raster:
            return str(raster.tags())
    with path.open("rb") as file:
        return str(Reader(MmapSource(file)).metadata())


def test_every_file_says_when_it_is_of_demonstration_data(a_blank_west):
    SignalReport.objects.update(is_demo=True)
    run = compute_full(now=timezone.now(), progress=in_silence, threads=1)
    assert run.is_demo
    folder = made_of(run)
    names = set(RunFile.objects.values_list("name", flat=True))
    assert {path.name for path in folder.iterdir()} == names
    # Any operator and the one that was measured, two services each.
    assert len(names) == 12 + 4
    silent = [n for n in names if "DEMONSTRATION DATA" not in said_by(folder / n)]
    assert silent == []


def test_no_file_says_so_of_measurements(folder):
    loud = [p.name for p in folder.iterdir() if "DEMONSTRATION" in said_by(p)]
    assert loud == []
