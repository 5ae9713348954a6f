from __future__ import annotations

from villages.management.place_command import PlaceListCommand


class Command(PlaceListCommand):
    help = "Bring in people, power hours, other names and office internet of villages."
    what = "village_facts"
