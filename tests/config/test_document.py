import math
from pathlib import Path

import pytest
from edgewright.base import document
from edgewright.base.document import DocumentError, Position, parse_document, read_document


def parse(text: str) -> document.Document:
    return parse_document(text, Path("x.yaml"), "x.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-7", -7),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("2026-07-01", "2026-07-01"),
        ("12:30:00", "12:30:00"),
        ("'3'", "3"),
        ('"true"', "true"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
    ],
)
def test_scalars_are_read_as_pulumis_reader_does(text: str, value: object) -> None:
    read = parse(f"key: {text}\n").data["key"]
    assert read == value
    assert type(read) is type(value)


def test_a_country_code_as_a_key_stays_a_country_code() -> None:
    assert parse("{NO: 1, ON: 2}").data == {"NO": 1, "ON": 2}


def test_not_a_number() -> None:
    assert math.isnan(parse("key: .nan").data["key"])


def test_positions_are_those_of_keys_and_items() -> None:
    read = parse("a:\n  b:\n    - 1\n    - c: 2\n")
    assert read.positions[("a", "b")] == Position(2, 3)
    assert read.line(("a", "b", 1, "c")) == 4
    assert read.line(("a", "b", 1, "missing")) == 4
    assert read.line(("nowhere",)) == 1


def test_merge_keys_give_way_to_own_keys() -> None:
    read = parse("base: &base {x: 1, y: 2}\nown:\n  <<: *base\n  y: 3\n")
    assert read.data["own"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "x.yaml:2: the key `a` is there twice (first on line 1); keep one"),
        ("a: [1, 2\n", "x.yaml:2: not valid YAML"),
        ("a: !!python/object/apply:os.system ['id']\n", "x.yaml:1"),
        ("a: !secret x\n", "x.yaml:1: the tag !secret is not read; use plain YAML"),
        ("? [1, 2]\n: 3\n", "x.yaml:1: a key must be plain text"),
        ("a: &a\n  b: *a\n", "x.yaml:2: an alias (`*name`) refers to what it is part of"),
        ("[" * 5000, "x.yaml:1: nested deeper than 32 levels"),
        ("a: &a {x: 1}\nb:\n" + "".join(f"  k{n}: *a\n" for n in range(300)), "more than 200 aliases"),
        ("a: \x01\n", "not valid YAML"),
    ],
)
def test_what_is_refused_names_the_line(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_a_bomb_of_aliases_is_refused_by_what_it_expands_to() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(DocumentError, match="more than 50000 values once aliases are expanded"):
        parse("\n".join(lines))


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"# " + b"x" * document.MAX_BYTES)
    with pytest.raises(DocumentError, match="larger than 256 KiB"):
        read_document(path)


def test_bytes_that_are_no_text_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(DocumentError, match=r":2: not UTF-8 text"):
        read_document(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file"):
        read_document(tmp_path / "none.yaml")
