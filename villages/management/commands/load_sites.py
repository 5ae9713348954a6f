from __future__ import annotations

from villages.management.place_command import PlaceListCommand


class Command(PlaceListCommand):
    help = "Bring in sites (BTS, repeater, VSAT), also from the file in KUKAR_SITES."
    what = "sites"
