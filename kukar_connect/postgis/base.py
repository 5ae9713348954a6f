"""Django's PostGIS backend, which learns without a question that a connection ended.

With CONN_HEALTH_CHECKS Django asks the server `SELECT 1` before each request that needs
the database: as much as half of what a kept page or a tile costs besides.
"""

from __future__ import annotations

import select

from django.contrib.gis.db.backends.postgis import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        # A server says nothing unasked, unless it ends the connection (or notifies).
        heard, _, _ = select.select([self.connection], [], [], 0)
        return not heard or super().is_usable()
