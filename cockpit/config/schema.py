"""The config's JSON Schema, for editors: `python -m cockpit.config.schema > config/schema.json`."""

import json
import sys
from typing import Any

from cockpit.config.jsonfile import COMMENT_KEY
from cockpit.config.model import CockpitConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """The schema of a config file: the models', with comments allowed as "//" keys in every object."""
    schema = CockpitConfig.model_json_schema(by_alias=True)
    schema = {"$schema": DIALECT, **_with_comments(schema)}
    schema["title"] = "Cockpit config"
    return schema


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_comments(node: Any) -> Any:
    """Every object described in `node` also takes a comment, whose value may be anything."""
    if isinstance(node, list):
        return [_with_comments(child) for child in node]
    if not isinstance(node, dict):
        return node
    known = {name: _with_comments(child) for name, child in node.items()}
    if known.get("type") != "object":
        return known
    known["properties"] = {**known.get("properties", {}), COMMENT_KEY: {"description": "a comment"}}
    if "patternProperties" in known:
        known["additionalProperties"] = False
    if "propertyNames" in known:
        known["propertyNames"] = {"anyOf": [{"const": COMMENT_KEY}, known["propertyNames"]]}
    return known


if __name__ == "__main__":
    sys.stdout.write(schema_text())
