"""KvNamespace: a namespace and its seeds; limits are refused with what to do instead; secrets stay secret."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright import KvNamespace

from tests.components.program import ACCOUNT, UNKNOWN, faults_of, run, texts

TOO_LARGE = "Put it into object storage (R2) and only its name into KV."


def seeds_of(args: Any, **options: Any) -> dict[str, Any]:
    given: Any = {**args}
    found = run(lambda: KvNamespace("kv", given), **options)
    return {seed.inputs["keyName"]: seed.inputs for seed in found.of("WorkersKv")}


def test_the_smallest_namespace() -> None:
    found = run(lambda: KvNamespace("products", {}))
    namespace = found.one("WorkersKvNamespace")
    component = found.one("KvNamespace")
    assert namespace.name == "products-namespace"
    assert namespace.parent == component.urn
    assert namespace.inputs == {"accountId": ACCOUNT, "title": "products-dev"}
    assert component.outputs == {
        "namespaceId": "products-namespace-id",
        "title": "products-dev",
        "binding": {"type": "kv_namespace", "name": "PRODUCTS", "namespace_id": "products-namespace-id"},
    }


def test_only_the_id_is_unknown_at_preview() -> None:
    outputs = run(lambda: KvNamespace("products-kv", {}), preview=True).one("KvNamespace").outputs
    assert outputs["binding"] == {"type": "kv_namespace", "name": "PRODUCTS_KV", "namespace_id": UNKNOWN}


def test_options_travel_with_the_binding() -> None:
    found = run(
        lambda: KvNamespace("kv", {"cloudflare": {"default_ttl": 600, "list_limit": 100, "binding_name": "STORE"}})
    )
    binding = found.one("KvNamespace").outputs["binding"]
    assert binding["name"] == "STORE"
    assert binding["options"] == {"default_ttl": 600, "list_limit": 100}


def test_entries_become_keys(tmp_path: Path) -> None:
    seeds = seeds_of(
        {
            "cloudflare": {"default_ttl": 600},
            "seed": {
                "entries": [
                    {"key": "text", "value": "as it is"},
                    {"key": "json", "value": {"b": 1.0, "a": [True, None]}, "metadata": {"z": 1, "a": 2}, "ttl": 60},
                ]
            },
        }
    )
    assert seeds["text"]["value"] == "as it is"
    assert seeds["text"]["expirationTtl"] == 600
    assert "metadata" not in seeds["text"]
    assert seeds["json"]["value"] == '{"a":[true,null],"b":1}'
    assert seeds["json"]["metadata"] == '{"a":2,"z":1}'
    assert seeds["json"]["expirationTtl"] == 60


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed.json", '{"a": "x", "b": {"n": 1}}'),
        ("seed.yaml", "a: x\nb: {n: 1}\n"),
        ("seed.ndjson", '{"key": "a", "value": "x"}\n\n{"key": "b", "value": {"n": 1}}\n'),
    ],
)
def test_files_of_each_kind_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    seeds = seeds_of({"seed": {"file": str(tmp_path / name), "prefix": "p:"}})
    assert {key: seed["value"] for key, seed in seeds.items()} == {"p:a": "x", "p:b": '{"n":1}'}


def test_a_folder_gives_a_key_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages" / "de").mkdir(parents=True)
    (tmp_path / "pages" / "index.html").write_text("<p>")
    (tmp_path / "pages" / "de" / "index.html").write_text("<p>ß")
    (tmp_path / "pages" / ".DS_Store").write_text("x")
    seeds = seeds_of({"seed": {"directory": "pages"}})
    assert {key: seed["value"] for key, seed in seeds.items()} == {"index.html": "<p>", "de/index.html": "<p>ß"}


def test_names_of_seeds_are_their_keys_so_that_order_says_nothing() -> None:
    entries = [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]

    def program(given: Any) -> Any:
        return lambda: KvNamespace("kv", {"seed": {"entries": given}})

    one, other = run(program(entries)), run(program(entries[::-1]))
    assert [seed.name for seed in one.of("WorkersKv")] == ["kv-seed-a", "kv-seed-b"]
    assert [seed.inputs for seed in one.of("WorkersKv")] == [seed.inputs for seed in other.of("WorkersKv")]


def test_secret_seeds_are_secret_everywhere(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text(json.dumps({"from-file": "canary-file"}))

    def program() -> None:
        args: Any = {"seed": {"file": str(tmp_path / "seed.json"), "secret": True}}
        args["seed"]["entries"] = [{"key": "given", "value": "canary-entry"}]
        KvNamespace("kv", args)

    found = run(program)
    for resource in found.resources:
        for path, value in resource.inputs.items():
            if any("canary" in text for text in texts(value)):
                assert any(secret.startswith(path) for secret in resource.secret_paths), (resource.name, path)
        assert not any(
            "canary" in text for text in texts(resource.outputs) if resource.type == "edgewright:index:KvNamespace"
        )
    assert [sorted(seed.secret_paths) for seed in found.of("WorkersKv")] == [["value"], ["value"]]


def test_a_value_may_be_a_secret_output() -> None:
    def program() -> None:
        value = pulumi.Output.secret({"token": "canary"})
        KvNamespace("kv", {"seed": {"entries": [{"key": "k", "value": value}]}})

    seed = run(program).one("WorkersKv")
    assert seed.inputs["value"] == '{"token":"canary"}'
    assert seed.secret_paths == {"value"}


def test_a_value_that_turns_out_too_large_is_refused_when_it_is_known() -> None:
    def program() -> None:
        large = pulumi.Output.from_input("x").apply(lambda text: text * (25 * 1024 * 1024 + 1))
        KvNamespace("kv", {"seed": {"entries": [{"key": "k", "value": large}]}})

    assert faults_of(program) == [
        f"seed.entries[0].value: the value has 26214401 bytes. Allowed: at most 25 MiB. {TOO_LARGE}"
    ]


def test_a_value_at_the_limit_is_taken() -> None:
    seeds = seeds_of({"seed": {"entries": [{"key": "k", "value": "x" * (25 * 1024 * 1024)}]}})
    assert len(seeds["k"]["value"]) == 26214400


def entry(**fields: Any) -> Any:
    return {"seed": {"entries": [{"key": "k", "value": "v", **fields}]}}


FAULTS: list[tuple[Any, str]] = [
    (
        {"cloudflare": {"account_id": "acme"}},
        "cloudflare.account_id: 'acme' is not an account's id. Allowed: 32 hexadecimal digits, lower case. Copy it from the dashboard's"
        " overview page.",
    ),
    ({"title": ""}, "title: '' is not a title. Allowed: 1 to 512 printable characters."),
    (
        {"cloudflare": {"binding_name": "a-b"}},
        "cloudflare.binding_name: 'a-b' is not a binding's name. Allowed: letters, digits and `_`, not beginning with a digit.",
    ),
    (
        {"cloudflare": {"default_ttl": 59}},
        "cloudflare.default_ttl: 59 is out of range. Allowed: 60 to 2147483648 seconds. Workers KV keeps nothing for less than 60 s.",
    ),
    (
        {"cloudflare": {"list_limit": 1001}},
        "cloudflare.list_limit: 1001 is out of range. Allowed: 1 to 1000 keys. Workers KV lists no more at once.",
    ),
    (
        {"cloudflare": {"jurisdiction": "EU"}},
        "cloudflare.jurisdiction: 'EU' is not known. Allowed: eu, us, fedramp. Did you mean 'eu'?",
    ),
    (
        entry(value="x" * 26214401),
        f"seed.entries[0].value: the value has 26214401 bytes. Allowed: at most 25 MiB. {TOO_LARGE}",
    ),
    (
        entry(key="ß" * 257),
        "seed.entries[0].key: the key has 514 bytes. Allowed: at most 512 B. Use a shorter one, for example a hash.",
    ),
    (entry(key=".."), "seed.entries[0].key: '..' is not a key. Allowed: any text but '', '.' and '..'."),
    (
        entry(key="a b"),
        "seed.entries[0].key: 'a b' has a blank or control character. Allowed: printable characters without blanks.",
    ),
    (
        entry(metadata="x" * 1023),
        "seed.entries[0].metadata: the metadata as JSON has 1025 bytes. Allowed: at most 1 KiB. Move it into the value.",
    ),
    (
        entry(ttl=59),
        "seed.entries[0].ttl: 59 is out of range. Allowed: 60 to 2147483648 seconds. Workers KV keeps nothing for less than 60 s.",
    ),
    (
        {"seed": {"entries": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]}},
        "seed.entries[1].key: 'k' is also the key of seed.entries[0]. A key has one value.",
    ),
    ({"seed": {"entries": [{"key": "k"}]}}, "seed.entries[0].value: is required and was not given."),
    (
        {"seed": {"file": "missing.json"}},
        "seed.file: missing.json cannot be read: No such file or directory. Paths are relative to the program's folder.",
    ),
    (
        {"seed": {"file": "seed.csv"}},
        "seed.file: 'seed.csv' is of no known kind. Allowed: .json, .ndjson, .yaml, .yml.",
    ),
    (
        {"seed": {"directory": "nowhere"}},
        "seed.directory: 'nowhere' is not a folder. Paths are relative to the program's folder.",
    ),
]


@pytest.mark.parametrize(("args", "fault"), FAULTS, ids=[fault[:40] for _, fault in FAULTS])
def test_a_fault_is_named(args: Any, fault: str) -> None:
    given: Any = {**args}
    assert faults_of(lambda: KvNamespace("kv", given)) == [fault]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.json", b'{"a": 1,', "seed.file: a.json:1:9: not JSON: Expecting property name enclosed in double quotes."),
        ("a.json", b"[1]", "seed.file: a.json does not hold a mapping. Allowed: one mapping of keys to values."),
        (
            "a.json",
            b'"\xff"',
            "seed.file: a.json is not UTF-8 text. The stack keeps values as text. Put binary data into object storage (R2).",
        ),
        ("a.json", b"[" * 100_000, "seed.file: a.json is nested too deeply to be read."),
        (
            "a.ndjson",
            b'{"key": "a", "value": 1}\n{"key": 1}\n',
            'seed.file: a.ndjson:2: not an entry. Allowed: {"key": text, "value": anything, "metadata"?, "ttl"?}.',
        ),
        (
            "a.ndjson",
            b'{"key": "a", "value": 1, "tll": 60}\n',
            "seed.file: a.ndjson:1: has the unknown field 'tll'. Allowed: key, value, metadata, ttl.",
        ),
        ("a.yaml", b"a: &a [x]\nb: *c\n", "seed.file: a.yaml:2: not valid YAML: found undefined alias."),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    assert faults_of(lambda: KvNamespace("kv", {"seed": {"file": name}})) == [fault]


def test_a_yaml_bomb_is_refused_in_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    (fault,) = faults_of(lambda: KvNamespace("kv", {"seed": {"file": "bomb.yaml"}}))
    assert "the most that is read" in fault


def test_two_namespaces_of_one_title_are_refused() -> None:
    def program() -> None:
        KvNamespace("one", {"title": "shop"})
        KvNamespace("two", {"title": "shop"})

    (fault,) = faults_of(program)
    assert fault.startswith(f"title: '{ACCOUNT}/shop' is already taken by KvNamespace 'one' (")
