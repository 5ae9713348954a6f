from __future__ import annotations

from villages.management.place_command import PlaceListCommand


class Command(PlaceListCommand):
    help = "Bring in settlements (RT, dusun, kampung) from a map file or a spreadsheet."
    what = "settlements"
