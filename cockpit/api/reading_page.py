"""`/docs`: the API's description as one page that needs nothing else, so that it reads the same without a network.

FastAPI's own page loads its scripts from another host. This one is made here from the same OpenAPI, without a script.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'"

STYLE = """
:root{color-scheme:light dark;--ink:#1c2128;--faint:#667085;--rule:#d8dee6;--page:#fff;--card:#f5f7fa;--verb:#1f5fbf}
@media (prefers-color-scheme:dark){:root{--ink:#e2e6ec;--faint:#8d97a6;--rule:#2c343f;--page:#12161b;--card:#1a2028;
--verb:#6cb0ff}}
body{margin:0 auto;max-width:56rem;padding:1.5rem;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
details{border:1px solid var(--rule);border-radius:.4rem;margin:.5rem 0;padding:.4rem .8rem}
summary{cursor:pointer}summary b{color:var(--verb);display:inline-block;min-width:3.4rem}
summary span{color:var(--faint)}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:var(--card);padding:.6rem;border-radius:.4rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;
border-bottom:1px solid var(--rule)}th{color:var(--faint);font-weight:600}
"""


def reading_page(openapi: dict[str, Any]) -> str:
    """The page for this OpenAPI document."""
    return "".join(_page(openapi))


def _page(openapi: dict[str, Any]) -> Iterator[str]:
    info = openapi["info"]
    title = escape(f"{info['title']} {info['version']}")
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
    for paragraph in info.get("description", "").strip().split("\n\n"):
        yield f"<p>{_prose(paragraph)}</p>"
    yield '<p>The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>'
    for path, calls in openapi["paths"].items():
        for verb, call in calls.items():
            yield from _call(path, verb, call)
    yield "<h2>Bodies and answers</h2>"
    for name, schema in openapi.get("components", {}).get("schemas", {}).items():
        yield from _schema(name, schema)
    yield "</body></html>\n"


def _call(path: str, verb: str, call: dict[str, Any]) -> Iterator[str]:
    yield f"<details><summary><b>{escape(verb.upper())}</b> <code>{escape(path)}</code> "
    yield f"<span>{escape(call.get('summary', ''))}</span></summary>"
    yield f"<p>{_prose(call.get('description', ''))}</p>"
    parameters = call.get("parameters", [])
    if parameters:
        yield _table(
            ("parameter", "is", "about"), ((one["name"], _kind(one["schema"]), _about(one)) for one in parameters)
        )
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is not None:
        yield f"<p>Takes {_linked(body)}.</p>"
    answers = (
        (status, answer.get("description", ""), _body_of(answer)) for status, answer in call["responses"].items()
    )
    yield _table(("status", "when", "answers"), answers, raw_last=True)
    yield "</details>"


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f'<details id="{escape(name)}" open><summary><code>{escape(name)}</code></summary>'
    yield f"<p>{_prose(schema.get('description', ''))}</p>"
    needed = schema.get("required", [])
    rows = (
        (f"{key}{'' if key in needed else ' (optional)'}", _about(part), _linked(part))
        for key, part in schema.get("properties", {}).items()
    )
    yield _table(("field", "about", "is"), rows, raw_last=True)
    for example in schema.get("examples", []):
        yield f"<pre>{escape(json.dumps(example, indent=2))}</pre>"
    yield "</details>"


def _table(heads: tuple[str, ...], rows: Any, *, raw_last: bool = False) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{_cells(row, raw_last)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cells(row: tuple[str, ...], raw_last: bool) -> str:
    """The cells; the last one may be markup of our own already."""
    plain = row[:-1] if raw_last else row
    return "".join(f"<td>{escape(text)}</td>" for text in plain) + (f"<td>{row[-1]}</td>" if raw_last else "")


def _prose(text: str) -> str:
    """A description; what it sets in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _about(part: dict[str, Any]) -> str:
    return str(part.get("description", ""))


def _body_of(answer: dict[str, Any]) -> str:
    return " or ".join(
        _linked(content["schema"]) for content in answer.get("content", {}).values() if "schema" in content
    )


def _linked(schema: dict[str, Any]) -> str:
    """What a value is, as markup; a named schema is a link to it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_linked(one) for one in schema[several])
    if schema.get("type") == "array":
        return f"list of {_linked(schema.get('items', {}))}"
    return escape(_kind(schema))


def _kind(schema: dict[str, Any]) -> str:
    """What a plain value is, with its limits."""
    if "enum" in schema or "const" in schema:
        return ", ".join(map(str, schema.get("enum", [schema.get("const")])))
    limits = [
        f"{words} {schema[key]}"
        for key, words in (("minimum", "from"), ("exclusiveMinimum", "over"), ("maximum", "to"))
        if key in schema
    ]
    return " ".join([str(schema.get("type", "anything")), *limits])
