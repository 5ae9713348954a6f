from __future__ import annotations

from villages.management.place_command import PlaceListCommand


class Command(PlaceListCommand):
    help = "Bring in schools, puskesmas and other facilities from a file."
    what = "facilities"
