"""A project whose pages tell each time they are made anew, and what its deployed state would be."""

from pathlib import Path
from typing import Any

from edgewright.engine.resources import Capture

from tests.projects import ACCOUNT, ZONE, make_project

HANDLER = """
let made = 0;
export default (request) => {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith("/missing")) return new Response("no", { status: 404 });
  if (pathname.startsWith("/sitemap")) return new Response(`<urlset><url><loc>https://www.example.com/shop/s1</loc></url></urlset>`);
  made += 1;
  return new Response(`made ${made} ${Math.random()}`, { headers: { "cache-tag": "goods" } });
};
"""

PROGRAM = f"""
import pulumi
from edgewright import CachePolicy, EdgeApi, KvNamespace

config = pulumi.Config()
store = KvNamespace("store", {{"cloudflare": {{"account_id": "{ACCOUNT}"}}}})
pages = CachePolicy(
    "pages",
    {{
        "edge_ttl": 600,
        "key": {{"host": False}},
        "tags": ["shop"],
        "cloudflare": {{
            "engine": config.get("engine") or "worker",
            "tiers": {{"memory": {{}}, "kv": {{"binding": store.binding, "ttl": 600}}}},
        }},
    }},
)
api = EdgeApi(
    "api",
    {{
        "cloudflare": {{"account_id": "{ACCOUNT}", "zone_id": "{ZONE}"}},
        "hostname": "www.example.com",
        "endpoints": [
            {{"path": "/shop/*", "handler": "page.js", "cache": pages.spec}},
            {{"path": "/plain/*", "handler": "page.js"}},
            {{"path": "/sitemap.xml", "handler": "page.js"}},
        ],
    }},
)
pulumi.export("urls", api.urls)
"""


def shop_project(folder: Path, engine: str = "worker") -> Path:
    settings = f"config:\n  demo:engine: {engine}\n"
    return make_project(folder, PROGRAM, settings, files={"page.js": HANDLER})


def state_of(capture: Capture) -> dict[str, Any]:
    """Return what `pulumi stack export` would write of a program that was run, as far as a purge reads it."""
    resources = [
        {"urn": item.urn, "type": item.type, "id": item.id, "inputs": dict(item.inputs), "outputs": dict(item.outputs)}
        for item in capture.resources
    ]
    return {"version": 3, "deployment": {"resources": resources}}
