"""Compute: what a request may cost at the edge, and what does not belong there."""

import functools
import gzip
import re
from collections.abc import Iterator

from edgewright.contract.limits import limit
from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.archives import Package
from edgewright_policies.reading import View, modules, raise_unknown, show
from edgewright_policies.rule import (
    Context,
    PolicyConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    EDGE_API,
    HTTP_API_INTEGRATION,
    LAMBDA_FUNCTION,
    WORKER_VERSION,
    WORKERS_SCRIPT,
    endpoint_name,
)

WORKER_LIMITS = "https://developers.cloudflare.com/workers/platform/limits/"


class CpuBudget(PolicyConfig):
    """Configuration of cpu-budget."""

    max_ms: int | None = Field(
        default=None,
        ge=1,
        le=int(limit("cloudflare.workers.cpu_ms_max").value),
        description="Most CPU milliseconds a request; by default the guardrail of 50.",
    )


@resource_rule(
    "cpu-budget",
    id="EW301",
    family="compute",
    on=(WORKER_VERSION, WORKERS_SCRIPT),
    config=CpuBudget,
    severity="high",
    title="A request at the edge stays inside its CPU budget",
    why="An answer from the edge takes milliseconds. A function that is allowed more does work that belongs behind a"
    " queue or at the origin, and is billed by the millisecond.",
    fix="Lower `limits.cpu_ms`, and move the heavy part behind a queue or to the origin.",
    source=WORKER_LIMITS,
)
def cpu_budget(resource: View, context: Context[CpuBudget]) -> Iterator[Violation]:
    value = resource.view("limits").number("cpuMs")
    guardrail = context.limit("cloudflare.workers.cpu_ms_guardrail")
    most = context.config.max_ms or guardrail.value
    if value is not None and context.limit("cloudflare.workers.cpu_ms_max").plan == "free":
        yield Violation(
            "limits.cpu_ms on Workers Free",
            f"{show(value)} ms, and the platform refuses a version that sets it (100328)",
            "left out",
            "Leave `limits.cpu_ms` out: the plan has 10 ms.",
        )
    elif value is not None and value > most:
        yield Violation("limits.cpu_ms", f"{show(value)} ms", f"at most {show(most)} ms")


_HEAVY = {
    "model inference": (
        "onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs", "@tensorflow/tfjs-node", "@xenova/transformers",
        "@huggingface/transformers", "brain.js", "ml5", "@mediapipe/tasks-vision", "llama-node", "node-llama-cpp",
    ),
    "image codecs": (
        "sharp", "jimp", "canvas", "@napi-rs/canvas", "skia-canvas", "imagemagick", "@imagemagick/magick-wasm",
        "@squoosh/lib", "wasm-vips", "gm", "opencv-js", "@techstark/opencv-js", "tesseract.js",
    ),
    "video codecs": ("fluent-ffmpeg", "@ffmpeg/ffmpeg", "@ffmpeg/core", "ffmpeg-static", "mp4box"),
    "a whole cloud SDK": (
        "aws-sdk", "googleapis", "firebase-admin", "@google-cloud/storage", "@azure/arm-resources", "azure-sdk",
    ),
    "a browser": ("puppeteer", "puppeteer-core", "playwright", "playwright-core", "jsdom", "selenium-webdriver"),
    "documents": ("pdfjs-dist", "pdfkit", "exceljs", "xlsx", "mammoth", "libreoffice-convert"),
}  # fmt: skip
_HEAVY_PYTHON = {
    "model inference": ("torch", "tensorflow", "onnxruntime", "transformers", "sklearn", "xgboost", "jax", "keras"),
    "image codecs": ("pil", "cv2", "wand", "pyvips", "skimage", "pytesseract"),
    "video codecs": ("moviepy", "ffmpeg", "av"),
    "a whole cloud SDK": ("googleapiclient", "firebase_admin"),
    "data frames": ("pandas", "scipy", "pyarrow", "polars"),
    "a browser": ("selenium", "pyppeteer"),
}
_KIND = {name: kind for group in (_HEAVY, _HEAVY_PYTHON) for kind, names in group.items() for name in names}
_JAVASCRIPT = frozenset(name for names in _HEAVY.values() for name in names)
_PYTHON = frozenset(name for names in _HEAVY_PYTHON.values() for name in names)
_ONLY_PYTHON = _PYTHON - _JAVASCRIPT
_PYTHON_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.M)
_NAME = rb"((?:@[a-z0-9._-]+/)?[a-z0-9._-]+)"
_IMPORTS = tuple(
    # Each begins with a literal, which is what makes it fast on a bundle of megabytes.
    re.compile(prefix + _NAME + rb"[/\"']")
    for prefix in (rb"from\s*[\"']", rb"import\s*\(?\s*[\"']", rb"require\s*\(\s*[\"']", rb"node_modules/")
)


class HeavyImports(PolicyConfig):
    """Configuration of heavy-imports."""

    packages: tuple[str, ...] = Field(default=(), description="Further npm packages that are too heavy for the edge.")
    allowed: tuple[str, ...] = Field(default=(), description="Packages that are all right here after all.")

    def wanted(self) -> frozenset[str]:
        """Return the packages that are too heavy, in lower case."""
        further = {each.lower() for each in self.packages}
        return frozenset({*_KIND, *further} - {each.lower() for each in self.allowed})


def kind_of(package: str) -> str:
    """Return what makes a package heavy, in words."""
    return _KIND.get(package, "listed in the policy's configuration")


def imported_by_package(package: Package) -> frozenset[str]:
    """Return the npm and Python packages that the files of a function's package import, or are of, in lower case."""
    found: set[str] = set()
    for file in package.files:
        name = file.name.lower()
        module = re.search(r"(?:^|/)node_modules/((?:@[^/]+/)?[^/]+)/", name)
        if module:
            found.add(module.group(1))
        elif name.endswith("/__init__.py"):
            found.add(name.split("/")[0])
        if file.content is None:
            continue
        if name.endswith(".py"):
            found.update(each.decode().lower() for each in _PYTHON_IMPORT.findall(file.content))
        elif re.search(r"\.[cm]?[jt]s$", name):
            found.update(imported(file.content))
    return frozenset(found)


def imported(content: bytes) -> frozenset[str]:
    """Return the npm packages that a module's text imports, or was bundled from, in lower case."""
    return _imported_once(content) if len(content) <= 1024 * 1024 else _imported(content)


@functools.lru_cache(maxsize=128)
def _imported_once(content: bytes) -> frozenset[str]:
    return _imported(content)


def _imported(content: bytes) -> frozenset[str]:
    lower = content.lower()
    return frozenset(name.decode("ascii", "replace") for each in _IMPORTS for name in each.findall(lower))


@resource_rule(
    "heavy-imports",
    id="EW302",
    family="compute",
    on=(WORKER_VERSION, WORKERS_SCRIPT),
    config=HeavyImports,
    severity="high",
    title="No known heavy package runs at the edge",
    why="Model inference, image and video codecs and whole cloud SDKs cost more CPU, memory and start-up time than an"
    " isolate has.",
    fix="Call a service that does it (Workers AI, Images, a queue consumer, the origin), or import the one client needed.",
    source=WORKER_LIMITS,
)
def heavy_imports(resource: View, context: Context[HeavyImports]) -> Iterator[Violation]:
    wanted = context.config.wanted() - _ONLY_PYTHON
    for name, content in modules(resource):
        for package in sorted(imported(content) & wanted):
            yield Violation(
                f"module {show(name)} imports",
                f"{package} ({kind_of(package)})",
                "packages that fit an isolate",
                about=package,
            )


class BundleSize(PolicyConfig):
    """Configuration of bundle-size."""

    max_bytes: int = Field(
        default=1024 * 1024, ge=1, description="Most bytes of JavaScript that an isolate should parse at its start."
    )
    max_gzip_bytes: int | None = Field(
        default=None, ge=1, description="Most bytes compressed; by default the platform's older limit for the plan."
    )


@resource_rule(
    "bundle-size",
    id="EW303",
    family="compute",
    on=(WORKER_VERSION, WORKERS_SCRIPT),
    config=BundleSize,
    severity="medium",
    title="The bundle is small enough to start fast",
    why="Every new isolate parses the whole bundle before its first answer, and has 1 s for it.",
    fix="Import only what is used, load the rest lazily, and move data out of the code.",
    source=WORKER_LIMITS,
)
def bundle_size(resource: View, context: Context[BundleSize]) -> Iterator[Violation]:
    contents: list[bytes] = []
    try:
        contents.extend(content for _, content in modules(resource))
    except UnknownValueError:
        unknown = True
    else:
        unknown = False
    total = sum(map(len, contents))
    limit = context.limit("cloudflare.workers.script_bytes")
    compressed_limit = context.limit("cloudflare.workers.script_gzip_bytes")
    if total > limit.value:
        yield Violation("modules", limit.show(total), f"at most {limit.text}, which the platform takes")
        return
    most_compressed = context.config.max_gzip_bytes or compressed_limit.value
    if total > most_compressed:
        compressed = len(gzip.compress(b"".join(contents), compresslevel=6, mtime=0))
        if compressed > most_compressed:
            # To the KiB above: compressors differ by a few bytes from one machine to the next.
            compressed = -(-compressed // 1024) * 1024
            yield Violation(
                "modules", f"{compressed_limit.show(compressed)} compressed", f"at most {limit.show(most_compressed)}"
            )
            return
    if total > context.config.max_bytes:
        yield Violation("modules", limit.show(total), f"at most {limit.show(context.config.max_bytes)}")
    elif unknown:
        raise_unknown("modules")


class LongWork(PolicyConfig):
    """Configuration of long-work-without-queue."""

    max_ms: int = Field(default=1000, ge=1, description="Longer work is to be handed to a queue and answered with 202.")


@resource_rule(
    "long-work-without-queue",
    id="EW304",
    family="compute",
    on=(EDGE_API, WORKER_VERSION, WORKERS_SCRIPT),
    per={EDGE_API: "endpoints"},
    config=LongWork,
    severity="high",
    title="Long work goes to a queue and is answered with 202",
    why="A caller that waits for long work holds a connection, times out and tries again; the work is then done twice.",
    fix="Hand it to a queue (`queue` on the endpoint, a queue binding on the API), answer 202 with the URL of the result.",
    source="https://www.rfc-editor.org/rfc/rfc9110#name-202-accepted",
)
def long_work_without_queue(item: View, resource: View, context: Context[LongWork]) -> Iterator[Violation]:
    most = context.config.max_ms
    if context.type == EDGE_API:
        expected = item.number("expectedMs")
        if expected is None or expected <= most:
            return
        queue = item.text("queue")
        if not queue:
            yield Violation(
                f"{endpoint_name(item)} expected_ms", f"{show(expected)} ms without a queue", f"at most {most} ms"
            )
            return
        if resource.known("bindings"):
            bound = {each.text("name") for each in resource.views("bindings") if each.text("type") == "queue"}
            if queue not in bound:
                yield Violation(
                    f"{endpoint_name(item)} queue", show(queue), "the name of a queue binding of the API",
                    "Add a binding `{type: queue, name: " + show(queue) + ", queue_name: ...}`.",
                )  # fmt: skip
        return
    value = item.view("limits").number("cpuMs")
    if value is not None and value > most:
        if any(each.text("type") == "queue" for each in item.views("bindings")):
            return
        yield Violation("limits.cpu_ms", f"{show(value)} ms without a queue binding", f"at most {most} ms")


class FanOut(PolicyConfig):
    """Configuration of subrequest-fan-out."""

    max_subrequests: int = Field(default=50, ge=1, description="Most requests that one request should make.")


@resource_rule(
    "subrequest-fan-out",
    id="EW305",
    family="compute",
    on=(WORKER_VERSION, WORKERS_SCRIPT),
    config=FanOut,
    severity="medium",
    title="One request makes few others",
    why="Six connections are open at once, the rest wait; each is another chance to fail, and the slowest decides.",
    fix="Lower `limits.subrequests`; join the calls at the origin, or cache what they answer.",
    source=WORKER_LIMITS,
)
def subrequest_fan_out(resource: View, context: Context[FanOut]) -> Iterator[Violation]:
    value = resource.view("limits").number("subrequests")
    if value is not None and value > context.config.max_subrequests:
        yield Violation("limits.subrequests", show(value), f"at most {context.config.max_subrequests}")


@resource_rule(
    "environment-size",
    id="EW306",
    family="compute",
    on=(WORKER_VERSION, WORKERS_SCRIPT),
    severity="high",
    title="Variables fit the platform's limits",
    why="The platform refuses more variables than the plan has, and larger ones.",
    fix="Put settings into one JSON module, and data into KV.",
    source=WORKER_LIMITS,
)
def environment_size(resource: View, context: Context[PolicyConfig]) -> Iterator[Violation]:
    variables = [
        each for each in resource.views("bindings") if each.text("type") in ("plain_text", "secret_text", "json")
    ]
    most = context.limit("cloudflare.workers.env_vars")
    if len(variables) > most.value:
        yield Violation("variables", most.show(len(variables)), f"at most {most.text}")
    size = context.limit("cloudflare.workers.env_var_bytes")
    unknown = False
    for each in variables:
        for part in ("text", "json"):
            unknown = unknown or not each.known(part)
            value = each.text(part) if each.known(part) else None
            if value is not None and len(value.encode("utf-8", "surrogatepass")) > size.value:
                length = len(value.encode("utf-8", "surrogatepass"))
                yield Violation(f"variable {show(each.text('name'))}", size.show(length), f"at most {size.text}")
    if unknown:
        raise_unknown("bindings")


class BehindApi(PolicyConfig):
    """Configuration of long-function-behind-api."""

    max_seconds: int = Field(
        default=30, ge=1, le=30, description="Most seconds that a function may take which an HTTP API waits for."
    )


@stack_rule(
    "long-function-behind-api",
    id="EW307",
    family="compute",
    on=(LAMBDA_FUNCTION, HTTP_API_INTEGRATION),
    config=BehindApi,
    severity="high",
    title="An HTTP API does not wait for long work",
    why="API Gateway answers 503 after 30 s, while the function goes on, is billed, and is called again by whoever tries once more.",
    fix="Lower `timeout`; hand longer work to a queue, and answer 202 with the URL of the result.",
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html",
)
def long_function_behind_api(stack: StackView, context: Context[BehindApi]) -> Iterator[Violation | None]:
    functions = {node.urn: node for node in stack.of(LAMBDA_FUNCTION)}
    called = {urn for node in stack.of(HTTP_API_INTEGRATION) for urn in node.dependencies if urn in functions}
    for urn in sorted(called):
        node = functions[urn]
        try:
            timeout = node.props.number("timeout")
        except UnknownValueError:
            yield None
            continue
        if timeout is not None and timeout > context.config.max_seconds:
            yield Violation(
                f"function {node.name} timeout", f"{show(timeout)} s behind an HTTP API",
                f"at most {context.config.max_seconds} s", urn=urn,
            )  # fmt: skip


RULES = rules_of(globals())
