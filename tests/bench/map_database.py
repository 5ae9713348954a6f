"""A database as full as the officials' map must bear, for `tests.bench.officials_map`.

237 villages, 2,000 blank spots in each of two layers, 3,000 settlements, 1,500
facilities, 300 sites and a million reports, all invented: nothing here says anything
about Kutai Kartanegara. It is a database of its own beside the installation's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import psycopg2
from django.utils import timezone
from scipy.ndimage import gaussian_filter

NAME = "kukar_map_bench"
SPOTS, REPORTS, SETTLEMENTS, FACILITIES, SITES = 2_000, 1_000_000, 3_000, 1_500, 300
LAYERS = (("ANY", "internet"), ("TELKOMSEL", "internet"))


def scratch_url(url: str, name: str = NAME) -> str:
    """Return the address of a bench's database in the cluster of *url*."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def create(url: str, name: str = NAME) -> bool:
    """Create a bench's database; False where it stands already."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone():
            return False
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return True


def drop(url: str, name: str = NAME) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    connection.close()


def manage(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=True,
        env=os.environ,
        stdout=subprocess.DEVNULL,
    )


def begin(boundaries: str | None = None) -> None:
    """Make the villages, demonstration reports and a first run; a minute."""
    for command in (
        ("migrate", "--noinput"),
        ("load_villages", *(("--boundaries", boundaries) if boundaries else ())),
        ("load_demo",),
        ("compute_coverage",),
    ):
        say(" ".join(command))
        manage(*(str(word) for word in command))


def fill(boundaries: str | None = None) -> None:
    """Fill the database that DATABASE_URL names; minutes."""
    begin(boundaries)
    from django.db import connection

    with connection.cursor() as cursor:
        for name, statement in STATEMENTS.items():
            say(name)
            cursor.execute(statement)
    say("blank spots")
    add_spots()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def say(text: str) -> None:
    sys.stderr.write(f"… {text}\n")


# Somewhere within some village, and which village that is.
_ANYWHERE = """
SELECT n, v.code, ST_SetSRID(ST_MakePoint(
         ST_XMin(v.boundary) + random() * (ST_XMax(v.boundary) - ST_XMin(v.boundary)),
         ST_YMin(v.boundary) + random() * (ST_YMax(v.boundary) - ST_YMin(v.boundary))
       ), 4326) AS point
FROM generate_series(1, {count}) AS n
JOIN (SELECT *, row_number() OVER (ORDER BY code) - 1 AS rank,
             count(*) OVER () AS ranks FROM villages_village) AS v
  ON v.rank = n % v.ranks
"""

STATEMENTS = {
    "settlements": f"""
        INSERT INTO villages_settlement (village_id, name, kind, point, source, is_demo)
        SELECT code, 'RT ' || n, 'rt', point, 'bench', n % 10 = 0
        FROM ({_ANYWHERE.format(count=SETTLEMENTS)}) AS p""",
    "facilities": f"""
        INSERT INTO villages_facility (village_id, name, kind, point, source, is_demo)
        SELECT code, 'Fasilitas ' || n,
               (ARRAY['school','health_centre','village_office','worship'])[1 + n % 4],
               point, 'bench', FALSE
        FROM ({_ANYWHERE.format(count=FACILITIES)}) AS p""",
    "sites": f"""
        INSERT INTO villages_site (village_id, name, kind, point, operators,
               technologies, owner, status, source, note, is_demo)
        SELECT code, 'Site ' || n, (ARRAY['bts','repeater','vsat'])[1 + n % 3], point,
               ARRAY[(ARRAY['TELKOMSEL','INDOSAT','XLSMART'])[1 + n % 3]],
               ARRAY['4G'], '', (ARRAY['planned','built','on_air','off_air',
               'not_known'])[1 + n % 5], 'bench', '', FALSE
        FROM ({_ANYWHERE.format(count=SITES)}) AS p""",
    "places": """
        DELETE FROM coverage_placecoverage;
        INSERT INTO coverage_placecoverage (first_run_id, operator, service, village_id,
               settlement_id, facility_id, state, p_blank)
        SELECT r.id, o, s, p.village_id, p.settlement_id, p.facility_id, p.state,
               CASE p.state WHEN 'unknown' THEN NULL ELSE 0.5 END
        FROM coverage_coveragerun AS r,
             unnest(ARRAY['ANY','TELKOMSEL','INDOSAT','XLSMART']) AS o,
             unnest(ARRAY['internet','voice']) AS s,
             (SELECT village_id, id AS settlement_id, NULL::bigint AS facility_id,
                     (ARRAY['covered','weak','likely_blank','blank','unknown']
                     )[1 + id % 5] AS state FROM villages_settlement
              UNION ALL
              SELECT village_id, NULL, id,
                     (ARRAY['covered','weak','likely_blank','blank','unknown']
                     )[1 + id % 5] FROM villages_facility) AS p
        WHERE r.is_current""",
    "a million reports": f"""
        INSERT INTO villages_signalreport (id, digest, operator, technology, found,
               internet, rsrp_dbm, point, accuracy_m, position_source, environment,
               village_id, observed_at, received_at, device_model, note, source, flags,
               is_witness, review_state, is_demo)
        SELECT gen_random_uuid(), md5(n::text) || md5((-n)::text),
               (ARRAY['TELKOMSEL','INDOSAT','XLSMART'])[1 + n % 3],
               CASE WHEN n % 7 = 0 THEN '' ELSE
                 (ARRAY['2G','3G','4G','4G'])[1 + n % 4] END,
               CASE WHEN n % 7 = 0 THEN 'no_service' ELSE 'data' END, '', NULL,
               ST_SetSRID(ST_MakePoint(
                 ST_X(point) + (random() - 0.5) * 0.05 * random(),
                 ST_Y(point) + (random() - 0.5) * 0.05 * random()), 4326),
               10, 'device', 'outdoor', code,
               run.input_cutoff_at - random() * interval '700 days',
               -- Else the run would not know them, and nobody would be shown one.
               run.input_cutoff_at, '', '', 'bench', '{{}}', FALSE,
               'unreviewed', n % 10 = 0
        FROM coverage_coveragerun AS run,
             ({_ANYWHERE.format(count=1_000)}) AS route (route, code, point),
             generate_series(1, {REPORTS // 1_000}) AS step,
             LATERAL (SELECT route * 1000 + step AS n) AS number
        WHERE run.is_current""",
}


def add_spots(
    layers: Sequence[tuple[str, str]] = LAYERS,
    *,
    count: int = SPOTS,
    grain: float = 2.8,
    share: float = 0.07,
) -> None:
    """Replace the blank spots of *layers* by *count* patches of smooth noise each.

    *grain* is how smooth the noise is, in squares; *share* how much of it is a patch.
    """
    from coverage.core.polygons import label_patches, patch_polygons
    from coverage.models import BlankSpot, CoverageRun
    from coverage.selectors.regency import regency

    run = CoverageRun.objects.get(is_current=True)
    here = regency()
    if here is None:
        sys.exit("The villages have no boundaries.")
    random = np.random.default_rng(5)
    for operator, service in layers:
        noise = gaussian_filter(random.standard_normal(here.owner.shape), grain)
        mask = (noise > np.quantile(noise, 1 - share)) & (here.owner >= 0)
        labels, patches = label_patches(mask)
        kinds = mask.astype(np.uint8)
        BlankSpot.objects.filter(operator=operator, service=service).delete()
        spots = []
        for patch in patches:
            inside = labels[patch.box] == patch.label
            if inside.sum() < 3:
                continue
            polygon, outline = patch_polygons(labels, patch, here.window, kinds=kinds)
            row, column = patch.box[0].start, patch.box[1].start
            owners = np.unique(here.owner[patch.box][inside])
            codes = [here.codes[i] for i in owners]
            area_km2 = float(inside.sum() * 0.0232)
            spots.append(
                BlankSpot(
                    first_run=run,
                    operator=operator,
                    service=service,
                    identity=uuid.uuid4(),
                    state=["blank", "likely_blank"][len(spots) % 2],
                    anchor_column=here.window.column + column,
                    anchor_row=here.window.row + row,
                    polygon=polygon.wkt,
                    outline=outline.wkt,
                    area_km2=area_km2,
                    confidence=float(random.uniform(0.5, 1.0)),
                    confidence_std=0.1,
                    report_count=int(random.integers(0, 60)),
                    reporter_count=1,
                    report_kinds={"no_service": 3},
                    newest_report_at=timezone.now() - timedelta(days=3),
                    villages=codes,
                    village_areas_km2=[area_km2 / len(codes)] * len(codes),
                    village_shares=[0.1] * len(codes),
                    districts=sorted({here.districts[i] for i in owners}),
                    is_demo=len(spots) % 10 == 0,
                )
            )
            if len(spots) == count:
                break
        BlankSpot.objects.bulk_create(spots, batch_size=500)
        say(f"{len(spots)} blank spots of {operator}/{service}")
