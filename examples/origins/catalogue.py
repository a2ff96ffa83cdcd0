"""The data that an origin serves: the same products and files on each start and in each region."""

import datetime
import functools
import hashlib
import json
import random
from dataclasses import dataclass

CATEGORIES = ("books", "kitchen", "garden", "audio", "lighting", "stationery", "travel", "toys")
PRODUCTS = 4000
_EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)

_ADJECTIVES = ("Amber", "Birch", "Cobalt", "Drift", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper")
_NOUNS = {
    "books": ("Atlas", "Almanac", "Reader", "Sketchbook"),
    "kitchen": ("Kettle", "Skillet", "Carafe", "Grater"),
    "garden": ("Trowel", "Planter", "Lantern", "Sprinkler"),
    "audio": ("Speaker", "Headphones", "Turntable", "Microphone"),
    "lighting": ("Lamp", "Pendant", "Sconce", "Candle"),
    "stationery": ("Pen", "Notebook", "Folder", "Ruler"),
    "travel": ("Duffel", "Backpack", "Flask", "Pillow"),
    "toys": ("Puzzle", "Kite", "Blocks", "Robot"),
}


@dataclass(frozen=True)
class Product:
    """One product. Prices are in cents, so that no region rounds differently."""

    id: int
    name: str
    category: str
    price_cents: int
    stock: int
    updated: datetime.datetime

    def document(self) -> dict[str, object]:
        """Return the product as the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "category": self.category,
            "price": {"amount": self.price_cents, "currency": "EUR", "unit": "cent"},
            "stock": self.stock,
            "updated": self.updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@functools.cache
def products() -> tuple[Product, ...]:
    """Return all products, ordered by id from 1."""
    chance = random.Random("edgewright products")
    made = []
    for number in range(1, PRODUCTS + 1):
        category = CATEGORIES[(number * 7) % len(CATEGORIES)]
        made.append(
            Product(
                id=number,
                name=f"{chance.choice(_ADJECTIVES)} {chance.choice(_NOUNS[category])} {number}",
                category=category,
                price_cents=chance.randrange(199, 49_900),
                stock=chance.randrange(0, 500),
                updated=_EPOCH + datetime.timedelta(minutes=chance.randrange(0, 300_000)),
            )
        )
    return tuple(made)


@dataclass(frozen=True)
class Representation:
    """A body with the metadata that HTTP needs to validate it."""

    body: bytes
    content_type: str
    etag: str
    modified: datetime.datetime
    cache_control: str


def represent(body: bytes, content_type: str, modified: datetime.datetime, cache_control: str) -> Representation:
    """Return a representation with a strong ETag of the body's content."""
    return Representation(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:24]}"', modified, cache_control)


def json_bytes(document: object) -> bytes:
    """Return compact UTF-8 JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _application() -> bytes:
    names = json.dumps(list(CATEGORIES))
    return (
        "// The storefront's script: lists a page of products.\n"
        f"export const categories = {names};\n"
        "export async function page(number = 1, limit = 20, category = '') {\n"
        "  const query = new URLSearchParams({ page: String(number), limit: String(limit) });\n"
        "  if (category) query.set('category', category);\n"
        "  const response = await fetch(`/api/products?${query}`);\n"
        "  if (!response.ok) throw new Error(`products: ${response.status}`);\n"
        "  return response.json();\n"
        "}\n"
    ).encode()


def _styles() -> bytes:
    rules = [
        ":root { --accent: #2f6f6d; --paper: #fbfaf7; }",
        "body { background: var(--paper); font: 16px/1.5 sans-serif; }",
    ]
    rules += [
        f".category-{name} {{ border-color: hsl({index * 45} 40% 45%); }}" for index, name in enumerate(CATEGORIES)
    ]
    return ("\n".join(rules) + "\n").encode()


def _logo() -> bytes:
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="products">'
        b'<rect width="64" height="64" rx="12" fill="#2f6f6d"/>'
        b'<path d="M16 44V20l16 14 16-14v24" fill="none" stroke="#fbfaf7" stroke-width="5"/></svg>\n'
    )


def _photo() -> bytes:
    return random.Random("edgewright photo").randbytes(200_000)


@functools.cache
def static_files() -> dict[str, Representation]:
    """Return the static files by path. A name carries a hash of its content, so it may be cached for ever."""
    files = {}
    for stem, suffix, content_type, body in (
        ("app", "js", "text/javascript; charset=utf-8", _application()),
        ("app", "css", "text/css; charset=utf-8", _styles()),
        ("logo", "svg", "image/svg+xml", _logo()),
        ("photo", "bin", "application/octet-stream", _photo()),
    ):
        name = f"/static/{stem}.{hashlib.sha256(body).hexdigest()[:8]}.{suffix}"
        files[name] = represent(body, content_type, _EPOCH, "public, max-age=31536000, immutable")
    return files
