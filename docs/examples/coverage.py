"""Blank spots of a district as a file, and the coverage at points of one's own.

    pip install httpx geopandas
    export KUKAR_URL=http://localhost:8000 KUKAR_TOKEN=kukar_…   (a token from /token/)
    python coverage.py 64.02.12 blank_spots.gpkg points.csv

points.csv has the columns name, lon and lat; what is known there is printed.
"""

import os
import sys
import time

import geopandas as gpd
import httpx
import pandas as pd


def main(district: str, file: str, points: str) -> None:
    token = os.environ["KUKAR_TOKEN"]
    with httpx.Client(
        base_url=os.environ["KUKAR_URL"],
        headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
        timeout=60,
    ) as api:
        spots = blank_spots(api, district=district, operator="ANY", service="internet")
        print(f"{len(spots)} blank spots, {spots['area_km2'].sum():.1f} km²")
        spots.to_file(file)
        print(coverage_at(api, pd.read_csv(points)).to_string(index=False))


def blank_spots(api: httpx.Client, **filters: str) -> gpd.GeoDataFrame:
    """Return all blank spots of the current run, following the pages."""
    fields = "id,state,area_km2,confidence,reports,people"
    address = "/api/v1/blank-spots/"
    query: dict[str, str] | None = {**filters, "fields": fields}
    features = []
    while address:
        page = ask(api, "GET", address, params=query).json()
        features += page["features"]
        # The next page's address has the filters in it.
        address, query = page["next"], None
    columns = ["geometry", *fields.split(",")]
    return gpd.GeoDataFrame.from_features(features, columns=columns, crs="EPSG:4326")


def coverage_at(api: httpx.Client, places: pd.DataFrame) -> pd.DataFrame:
    """Return state, signal and nearest report of any operator at each place."""
    points = [
        {"id": str(name), "lon": float(lon), "lat": float(lat)}
        for name, lon, lat in zip(
            places["name"], places["lon"], places["lat"], strict=True
        )
    ]
    query = {"operator": "ANY", "service": "internet"}
    found = ask(
        api, "POST", "/api/v1/coverage/lookup", params=query, json={"points": points}
    )
    table = pd.json_normalize(found.json()["points"])
    return table.rename(columns=lambda name: name.split(".")[-1])


def ask(api: httpx.Client, method: str, address: str, **more: object) -> httpx.Response:
    """Ask, wait where we asked too often, and say in words what is wrong."""
    while True:
        answer = api.request(method, address, **more)  # type: ignore[arg-type]
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
        time.sleep(int(answer.headers["Retry-After"]))
    if answer.is_error:
        problem = answer.json()
        sys.exit(f"{problem['title']} {problem.get('detail', '')}")
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
