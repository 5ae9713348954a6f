"""What the code makes of rows that stay the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from coverage.api.ogc.collections import COLLECTIONS

# Of every answer's ETag, and of the key under which it is kept over restarts: another
# way of writing features makes others of the same rows.
FORM = hashlib.sha256(
    b"".join(
        Path(__file__).with_name(f"{name}.py").read_bytes()
        for name in (
            "collections",
            "schemas",
            "items",
            "item_views",
            "order",
            "query",
            "cql2_sql",
        )
    )
).hexdigest()[:12]
# Pages at these addresses never change within a run.
FIXED = {
    f"/ogc/collections/{name}/items"
    for name, one in COLLECTIONS.items()
    if one.is_fixed
}
