from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from kukar_connect.commands import ReportingCommand
from villages.services.accounts import create_token


class Command(ReportingCommand):
    help = "Print a new API token of an account; an earlier one stops working."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")

    def run(self, *, name: str, **options: Any) -> dict[str, Any]:
        return {"name": name, "token": create_token(name=name)}

    def summary(self, result: dict[str, Any]) -> str:
        return (
            f"{result['token']}\n"
            f"Send it as the header  Authorization: Token {result['token']}"
        )
