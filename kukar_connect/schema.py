"""The OpenAPI document: what every address may answer besides what its view says."""

from __future__ import annotations

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "What is wrong, in the reader's language (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"description": "What is wrong with each field, or each point."},
    },
    "required": ["type", "title", "status"],
}
# Of every address; of those that read a body; of those with an ETag.
ALWAYS = {
    "400": "A parameter or the body cannot be read; `detail` says which.",
    "401": "No token or session, or one that does not hold.",
    "403": "This token or account may not do this.",
    "404": "There is no such run, place or address.",
    "406": "The address answers in none of the forms asked for.",
    "429": "Too often: wait as long as `Retry-After` says, in seconds.",
}
WITH_BODY = {
    "413": "Too much at once.",
    "415": "The body is in a form that is not read here.",
}
UNCHANGED = "What the client holds, as `If-None-Match` says, is still so."
OWN = "x-failures"
METHODS = ("get", "post", "put", "patch", "delete")


def with_problems(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Name the failures of every operation, once for all of them."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            if method not in METHODS:
                continue
            responses = operation["responses"]
            if not path.startswith("/api/"):
                # Pictures and parts of a file: a failure there has no body.
                responses.setdefault("404", {"description": ALWAYS["404"]})
                continue
            own = operation.pop(OWN, {})
            with_body = WITH_BODY if "requestBody" in operation else {}
            for status, description in (ALWAYS | with_body | own).items():
                responses.setdefault(status, _problem(description))
            if method == "get":
                responses.setdefault("304", {"description": UNCHANGED})
            operation["responses"] = dict(sorted(responses.items()))
    return result


def _problem(description: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": reference}},
    }


def failures(of: dict[int, str]) -> dict[str, Any]:
    """Return further failures of one operation, for its ``extensions``."""
    return {OWN: {str(status): description for status, description in of.items()}}
