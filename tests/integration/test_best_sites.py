"""Where one site would help most: against a hand-made regency, and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyogrio
import pytest
from django.contrib.gis.geos import Point
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.services import best_sites
from coverage.services.best_sites import find_best_sites, solve
from tests.integration.test_compute import full
from villages.models import Facility, Settlement, Site


def a_settlement(village, name, lon, lat=0.0, people=None):
    return Settlement.objects.create(
        name=name,
        kind="rt",
        village=village,
        point=Point(lon, lat, srid=4326),
        people=people,
    )


@pytest.fixture
def a_small_regency(a_blank_west):
    """Blank in the west: A and B 1.1 km apart, C 3.3 km east of B; D is covered.

    People 100, 200, 250 and 900. One site of 2 km reaches most at A or B (300
    against C's 250), two reach all of the 550.
    """
    west, east = a_blank_west
    for name, lon, people in (
        ("A", 116.03, 100),
        ("B", 116.04, 200),
        ("C", 116.07, 250),
    ):
        a_settlement(west, name, lon, people=people)
    a_settlement(east, "D", 116.15, people=900)
    Facility.objects.create(
        name="SDN 1", kind="school", village=west, point=Point(116.03, 0.0, srid=4326)
    )
    return west, east


def found(run, count=1, radius_m=2000, **values):
    return find_best_sites(
        run, "TELKOMSEL", "internet", count=count, radius_m=radius_m, **values
    )


@pytest.mark.django_db
def test_a_small_regency_comes_out_as_by_hand(a_small_regency):
    run = full()
    (one,) = found(run).sites
    assert one.candidate.name in ("A", "B")
    assert (one.people, len(one.homes), len(one.schools)) == (300, 2, 1)
    two = found(run, count=2)
    assert [s.people for s in two.sites] == [300, 250]
    assert two.sites[1].candidate.name == "C"
    assert sum(len(s.schools) for s in two.sites) == 1
    # More are of no use: all that can be reached is reached.
    assert len(found(run, count=5).sites) == 2
    assert (two.is_cut, two.is_proved) == (False, True)


@pytest.mark.django_db
def test_covered_places_count_nothing_and_unknown_ones_when_asked(a_small_regency):
    west, _east = a_small_regency
    Settlement.objects.create(
        name="far",
        kind="rt",
        village=west,
        point=Point(117, 0.5, srid=4326),
        people=5000,
    )
    run = full()
    assert found(run).sites[0].people == 300
    site = found(run, is_unknown_counted=True).sites[0]
    assert (site.people, len(site.unknown)) == (5000, 1)


@pytest.mark.django_db
def test_a_site_that_stands_already_is_a_candidate(a_small_regency):
    west, _east = a_small_regency
    Site.objects.create(
        name="Menara 1",
        kind="bts",
        point=Point(116.05, 0.0, srid=4326),
        village=west,
        source="test",
    )
    (one,) = found(full(), radius_m=2500).sites
    assert (one.candidate.kind, one.people) == ("site", 550)


@pytest.mark.django_db
def test_without_numbers_settlements_count_one_each(a_small_regency):
    Settlement.objects.update(people=None)
    (one,) = found(full()).sites
    assert (one.people, one.unsized, one.weight) == (None, 2, 2.0)


@pytest.mark.django_db
def test_without_settlements_the_villages_point_stands_in(a_blank_west):
    (one,) = found(full()).sites
    assert (one.candidate.kind, one.candidate.name) == ("village", "Hulu")


weights = st.integers(0, 50).map(float)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_choice_of_as_many_sites_reaches_more(data):
    demand = data.draw(st.integers(1, 7))
    sites = data.draw(st.integers(1, 6))
    count = data.draw(st.integers(1, 3))
    reached = np.array(
        data.draw(
            st.lists(
                st.lists(st.booleans(), min_size=sites, max_size=sites),
                min_size=demand,
                max_size=demand,
            )
        )
    )
    weight = np.array(data.draw(st.lists(weights, min_size=demand, max_size=demand)))

    def total(chosen):
        return float(weight[reached[:, list(chosen)].any(axis=1)].sum())

    best = max(
        total(chosen)
        for k in range(min(count, sites) + 1)
        for chosen in combinations(range(sites), k)
    )
    chosen, is_proved = solve(reached, weight, count=count)
    assert len(chosen) <= count
    assert is_proved
    assert total(chosen) == pytest.approx(best)


@pytest.mark.django_db
def test_too_many_places_are_cut_and_it_is_said(a_small_regency, monkeypatch):
    monkeypatch.setattr(best_sites, "MOST_PAIRS", 1)
    best = found(full())
    assert best.is_cut
    assert best.sites[0].people == 300


@pytest.mark.parametrize(("count", "radius_m"), [(0, 1000), (11, 1000), (1, 0)])
def test_what_cannot_be_looked_for_is_refused(count, radius_m):
    with pytest.raises(ValueError, match="cannot be looked for"):
        find_best_sites(None, "ANY", "internet", count=count, radius_m=radius_m)


@pytest.mark.django_db
def test_the_page_and_its_files(a_small_regency, client, officer, tmp_path):
    run = full()
    url = reverse("best-sites")
    assert client.get(url).status_code == 302
    client.force_login(officer)
    asked = {"operator": "TELKOMSEL", "k": "2", "radius": "2"}
    page = client.get(url, asked)
    assert [row["people"] for row in page.context["rows"]] == [300, 250]
    assert page.context["rows"][1]["total_people"] == 550
    for kind in ("csv", "gpkg", "kml"):
        file = client.get(reverse("best-sites-file", args=[kind]), asked)
        assert file.status_code == 200
        path = tmp_path / f"sites.{kind}"
        path.write_bytes(file.content)
        if kind == "csv":
            assert "new_people" in file.content.decode("utf-8-sig").splitlines()[0]
            continue
        rows = pyogrio.read_dataframe(path, layer="sites")
        assert len(rows) == 2
        assert rows.geometry[0].x == pytest.approx(116.035, abs=0.006)
        if kind == "gpkg":
            assert rows["new_people"].tolist() == [300, 250]
            assert set(rows["run"]) == {run.pk}
            assert rows["radius_m"].tolist() == [2000.0, 2000.0]
            circles = pyogrio.read_dataframe(path, layer="radius")
            area_km2 = circles.to_crs("EPSG:32750").area / 1e6
            assert area_km2.tolist() == pytest.approx([4 * np.pi] * 2, rel=0.01)
    assert client.get(reverse("best-sites-file", args=["exe"])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("radius", ["0", "99", "nan", "x", "-1", "1e9", "²"])
def test_a_radius_that_is_none_is_said_to_be(a_small_regency, client, officer, radius):
    full()
    client.force_login(officer)
    page = client.get(reverse("best-sites"), {"radius": radius})
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()
    asked = {"k": "99", "operator": "?", "district": "x" * 99, "service": "\x00"}
    assert client.get(reverse("best-sites"), asked).status_code == 200
