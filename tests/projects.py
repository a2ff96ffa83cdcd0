"""Small Pulumi projects for tests."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

ACCOUNT = "a" * 32
ZONE = "b" * 32

HANDLER = """
export default {
  async fetch(request, env) {
    return Response.json({ greeting: env.GREETING, stored: await env.STORE.get("k"), country: request.cf.country });
  },
};
"""

WORKER = f"""
import base64
from pathlib import Path

import pulumi
import pulumi_cloudflare as cloudflare

config = pulumi.Config()
account = "{ACCOUNT}"
store = cloudflare.WorkersKvNamespace("store", account_id=account, title="store")
cloudflare.WorkersKv("seed", account_id=account, namespace_id=store.id, key_name="k", value="seeded")
worker = cloudflare.Worker(
    "worker",
    account_id=account,
    name="demo",
    subdomain={{"enabled": True}},
    observability={{"enabled": True}},
    tags=["owner:tests"],
)
version = cloudflare.WorkerVersion(
    "version",
    account_id=account,
    worker_id=worker.id,
    main_module="main.js",
    compatibility_date="2026-07-01",
    modules=[
        {{
            "name": "main.js",
            "content_type": "application/javascript+module",
            "content_base64": base64.b64encode(Path("handler.js").read_bytes()).decode(),
        }}
    ],
    bindings=[
        {{"type": "plain_text", "name": "GREETING", "text": config.get("greeting") or "hello"}},
        {{"type": "kv_namespace", "name": "STORE", "namespace_id": store.id}},
    ],
)
cloudflare.WorkersDeployment(
    "deployment",
    account_id=account,
    script_name=worker.name,
    strategy="percentage",
    versions=[{{"percentage": 100, "version_id": version.id}}],
)
pulumi.export("worker", worker.name)
"""


def make_project(
    folder: Path,
    main: str,
    settings: str = "config: {}\n",
    *,
    stack: str = "local",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a project named `demo` and return its folder."""
    (folder / "stacks").mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "__main__.py").write_text(textwrap.dedent(main))
    (folder / "stacks" / f"Pulumi.{stack}.yaml").write_text(textwrap.dedent(settings))
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def worker_project(folder: Path, settings: str = "config: {}\n") -> Path:
    """Write a project with one Worker, its KV namespace and a seeded key."""
    return make_project(folder, WORKER, settings, files={"handler.js": HANDLER})
