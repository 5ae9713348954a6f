from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from kukar_connect.commands import ReportingCommand
from kukar_connect.roles import ROLES
from villages.services.accounts import create_account


class Command(ReportingCommand):
    help = "Make an account and print its first password, once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--role", required=True, choices=ROLES)

    def run(self, *, name: str, role: str, **options: Any) -> dict[str, Any]:
        _, password = create_account(name=name, role=role)
        return {"name": name, "role": role, "password": password}

    def summary(self, result: dict[str, Any]) -> str:
        return (
            f"Account {result['name']} ({result['role']}) is ready.\n"
            f"First password: {result['password']}"
        )
