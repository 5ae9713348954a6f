from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from kukar_connect.commands import ReportingCommand
from villages.models import ApiToken
from villages.services.accounts import account
from villages.services.api_tokens import create_api_token


class Command(ReportingCommand):
    help = "Print a new API token of an account, once; it is kept nowhere in clear."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="the account")
        parser.add_argument(
            "--label", default="create_token", help="the token's own name"
        )
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            choices=ApiToken.Scope.values,
            help="what it may do; can be given twice (default: read)",
        )
        parser.add_argument("--days", type=int, default=90, help="how long it holds")

    def run(
        self,
        *,
        name: str,
        label: str,
        scopes: list[str] | None,
        days: int,
        **options: Any,
    ) -> dict[str, Any]:
        token, text = create_api_token(
            user=account(name),
            name=label,
            scopes=scopes or [ApiToken.Scope.READ],
            days=days,
            now=timezone.now(),
        )
        return {
            "name": name,
            "token": text,
            "scopes": token.scopes,
            "expires_at": token.expires_at.isoformat(),
        }

    def summary(self, result: dict[str, Any]) -> str:
        return (
            f"{result['token']}\n"
            f"It may {' and '.join(result['scopes'])}, until {result['expires_at']}.\n"
            f"Send it as the header  Authorization: Bearer {result['token']}"
        )
