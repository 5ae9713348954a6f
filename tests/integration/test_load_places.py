import shutil
from pathlib import Path

import geopandas
import pytest
import shapely
from django.conf import settings
from django.core.management import call_command

from tests.conftest import a_report, store
from villages.models import (
    Claim,
    District,
    OfficeInternet,
    ReportChange,
    SignalReport,
    Village,
)
from villages.services.load_places import BoundaryFileError, load_places

pytestmark = pytest.mark.django_db
FIXTURES = settings.BASE_DIR / "fixtures"
REAL = settings.BASE_DIR.parent / "shared" / "data" / "kukar"


def load(boundaries=None):
    return load_places(
        fixtures=FIXTURES, boundaries=boundaries, progress=lambda _: None
    )


@pytest.fixture
def loaded(db):
    return load()


def squares(names, **columns):
    """A box for each of the first villages, as a table of boundaries."""
    villages = list(Village.objects.select_related("district")[: len(names)])
    frame = {
        "geometry": [
            shapely.box(
                v.point.x - 0.01, v.point.y - 0.01, v.point.x + 0.01, v.point.y + 0.01
            )
            for v in villages
        ],
        **dict(columns.items()),
    }
    return villages, geopandas.GeoDataFrame(frame, crs=4326)


def test_all_237_villages_in_20_districts(loaded):
    assert loaded.added == Village.objects.count() == 237
    assert District.objects.count() == 20
    assert Village.objects.filter(kind="kelurahan").count() == 44
    assert Claim.objects.filter(kind="listed_blank").count() == 23
    assert Claim.objects.filter(kind="statement").count() == 65


def test_loading_again_changes_nothing(loaded):
    again = load()
    assert (again.added, again.changed, again.unchanged) == (0, 0, 237)
    assert Claim.objects.count() == 88


def test_without_a_file_every_village_has_an_approximate_boundary_around_it(loaded):
    assert loaded.boundaries_approximate == 237
    for village in Village.objects.all():
        assert village.boundary_source == "approximate"
        assert village.boundary.valid
        assert village.boundary.covers(village.point)
    total = shapely.union_all(
        [shapely.from_wkb(bytes(v.boundary.wkb)) for v in Village.objects.all()]
    )
    parts = sum(v.boundary.area for v in Village.objects.all())
    assert total.area == pytest.approx(parts)
    assert District.objects.filter(boundary=None).count() == 0


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "zip"])
def test_boundaries_of_any_format_are_matched_by_code(loaded, tmp_path, suffix):
    codes = list(Village.objects.values_list("code", flat=True)[:3])
    _, frame = squares(codes, KODE=codes)
    path = tmp_path / f"batas.{suffix}"
    if suffix == "zip":
        folder = tmp_path / "shp"
        folder.mkdir()
        frame.to_file(folder / "batas.shp")
        shutil.make_archive(str(path.with_suffix("")), "zip", folder)
    else:
        frame.to_file(path)
    result = load(path)

    assert result.boundaries_matched == 3
    assert result.unmatched_rows == []
    assert Village.objects.filter(boundary_source="official").count() == 3
    assert len(result.villages_without_boundary) == 234
    # The neighbours' stand-ins were there before and stay.
    assert load(path).changed == 0


def test_boundaries_are_matched_by_name_within_the_district(loaded, tmp_path):
    villages = list(Village.objects.select_related("district")[:2])
    _, frame = squares(
        villages,
        NAMOBJ=[villages[0].name.upper(), villages[1].name.replace(" ", "")],
        WADMKC=[v.district.name for v in villages],
    )
    frame.to_file(tmp_path / "batas.geojson")
    assert load(tmp_path / "batas.geojson").boundaries_matched == 2


def test_rows_that_match_nothing_are_listed(loaded, tmp_path):
    _, frame = squares([1, 2], kode=["64.02.99.2001", None], nama=["Antah", "Berantah"])
    frame.to_file(tmp_path / "batas.geojson")
    result = load(tmp_path / "batas.geojson")
    assert len(result.unmatched_rows) == 2
    assert "Antah" in result.unmatched_rows[0]


def test_another_coordinate_system_is_read_from_the_file(loaded, tmp_path):
    codes = list(Village.objects.values_list("code", flat=True)[:1])
    _villages, frame = squares(codes, kode=codes)
    frame.to_crs(32750).to_file(tmp_path / "utm.gpkg")
    load(tmp_path / "utm.gpkg")
    village = Village.objects.get(code=codes[0])
    assert village.boundary.covers(village.point)
    assert village.boundary_source == "official"


def test_a_bow_tie_is_repaired(loaded, tmp_path):
    v = Village.objects.first()
    x, y = v.point.x, v.point.y
    tie = shapely.Polygon(
        [(x, y), (x + 0.02, y + 0.02), (x + 0.02, y), (x, y + 0.02), (x, y)]
    )
    geopandas.GeoDataFrame({"kode": [v.code], "geometry": [tie]}, crs=4326).to_file(
        tmp_path / "batas.gpkg"
    )
    load(tmp_path / "batas.gpkg")
    v.refresh_from_db()
    assert v.boundary.valid
    assert v.boundary.num_geom == 2


def test_a_file_that_lies_elsewhere_is_refused_and_nothing_changes(loaded, tmp_path):
    frame = geopandas.GeoDataFrame(
        {"kode": ["64.02.01.2001"], "geometry": [shapely.box(10, 50, 11, 51)]}, crs=4326
    )
    frame.to_file(tmp_path / "hamburg.gpkg")
    with pytest.raises(BoundaryFileError, match="outside Indonesia"):
        load(tmp_path / "hamburg.gpkg")
    assert not Village.objects.filter(boundary_source="official").exists()


def test_a_file_without_a_coordinate_system_is_refused(loaded, tmp_path):
    _, frame = squares([1], kode=["64.02.01.2001"])
    frame.to_file(tmp_path / "batas.shp")
    (tmp_path / "batas.prj").unlink()
    with pytest.raises(BoundaryFileError, match="coordinate system"):
        load(tmp_path / "batas.shp")


@pytest.mark.parametrize(
    "content", [b"", b"not a map", b'{"type": "FeatureCollection", "features": []}']
)
def test_what_is_no_map_is_refused_in_words(loaded, tmp_path, content):
    path = tmp_path / "batas.geojson"
    path.write_bytes(content)
    with pytest.raises(BoundaryFileError):
        load(path)


def test_reports_follow_when_boundaries_move(loaded, tmp_path):
    v = Village.objects.first()
    other = Village.objects.exclude(district=v.district).first()
    store(a_report(lon=v.point.x, lat=v.point.y))
    ReportChange.objects.all().delete()
    assert SignalReport.objects.get().village == v
    box = shapely.box(
        v.point.x - 0.01, v.point.y - 0.01, v.point.x + 0.01, v.point.y + 0.01
    )
    away = shapely.box(
        other.point.x - 0.01,
        other.point.y - 0.01,
        other.point.x + 0.01,
        other.point.y + 0.01,
    )
    geopandas.GeoDataFrame(
        {"kode": [other.code, v.code], "geometry": [box, away]}, crs=4326
    ).to_file(tmp_path / "batas.gpkg")
    load(tmp_path / "batas.gpkg")

    assert SignalReport.objects.get().village == other
    assert ReportChange.objects.exists()


@pytest.mark.skipif(
    not REAL.is_dir(), reason="the real boundaries are not beside this clone"
)
@pytest.mark.parametrize(
    "name", ["village-boundaries.geojson", "village-boundaries-simplified.geojson"]
)
def test_the_real_boundaries_match_all_villages(loaded, name):
    result = load(Path(REAL) / name)
    assert result.boundaries_matched == 237
    assert result.boundaries_approximate == 0


def test_the_command_prints_json_on_its_last_line(db, capsys):
    import json

    call_command("load_villages", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["added"] == 237


def test_internet_at_offices_is_on_record_with_its_contradictions(loaded):
    of_umaq_dian = OfficeInternet.objects.filter(village__name="Umaq Dian")
    assert [(o.kinds, o.status) for o in of_umaq_dian] == [
        (["radio_link", "satellite"], "working"),
        (["radio_link"], "working"),
    ]
    assert loaded.office_internet == OfficeInternet.objects.count() == 22
    load()
    assert OfficeInternet.objects.count() == 22


def test_names_of_sources_are_other_names_and_the_offices_own_stay(loaded):
    village = Village.objects.get(name="Buluk Sen")
    assert village.aliases == ["Buluq Sen"]
    village.aliases = ["Desa Sen"]
    village.save()
    load()
    village.refresh_from_db()
    assert village.aliases == ["Desa Sen", "Buluq Sen"]
