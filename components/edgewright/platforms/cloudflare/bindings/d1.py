"""D1: an SQL database."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="D1",
    fields={
        "database_id": BindingField("a D1 database's id", "Give the `id` of the D1Database.", identifies=True),
    },
    # The provider knows the id by two names.
    needs=(),
    plays=in_option("d1Databases", lambda binding: binding.get("databaseId") or binding.get("id") or ""),
)
