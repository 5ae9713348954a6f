from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandParser

from kukar_connect.commands import ReportingCommand
from kukar_connect.roles import ROLES
from villages.models import SignalReport
from villages.services.accounts import create_account

NAMES = {role: f"demo-{role}" for role in ROLES}


class Command(ReportingCommand):
    help = (
        "Make one demonstration account per role with a random password, kept in "
        ".local/demo-accounts.txt. remove_demo takes them away again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--if-demo",
            action="store_true",
            help="do nothing unless demonstration reports are loaded",
        )

    def run(self, *, if_demo: bool, **options: Any) -> dict[str, Any]:
        path = settings.KUKAR_LOCAL_DIR / "demo-accounts.txt"
        if if_demo and not SignalReport.objects.filter(is_demo=True).exists():
            return {"accounts": {}, "file": None}
        known = set(
            get_user_model()
            .objects.filter(username__in=NAMES.values())
            .values_list("username", flat=True)
        )
        accounts = {
            name: create_account(name=name, role=role)[1]
            for role, name in NAMES.items()
            if name not in known
        }
        if accounts:
            path.touch(mode=0o600)
            path.chmod(0o600)
            lines = [f"{name}  {password}\n" for name, password in accounts.items()]
            with path.open("a", encoding="utf-8") as file:
                file.writelines(lines)
        return {"accounts": accounts, "file": str(path)}

    def summary(self, result: dict[str, Any]) -> str:
        if not result["accounts"]:
            return "No demonstration account was made."
        lines = ["Demonstration accounts (also in .local/demo-accounts.txt):"]
        lines += [f"  {n:<14} {p}" for n, p in result["accounts"].items()]
        return "\n".join(lines)
