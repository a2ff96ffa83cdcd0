"""Code in archives: what is on this disk is read, bounded; what cannot be read is said."""

import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright_policies import archives
from edgewright_policies.archives import File, files_relative_to, package_of


def test_assets_are_read_with_their_names(tmp_path: Path) -> None:
    (tmp_path / "lib.mjs").write_text("b")
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "c.json").write_text("{}")
    archive = pulumi.AssetArchive(
        {
            "index.mjs": pulumi.StringAsset("a"),
            "lib.mjs": pulumi.FileAsset("lib.mjs"),
            "more": pulumi.FileArchive("folder"),
            "image.png": pulumi.StringAsset("not a text"),
        }
    )
    with files_relative_to(tmp_path):
        package = package_of(archive)
    assert package.whole
    assert package.size == 1 + 1 + 2 + 10
    assert {each.name: each.content for each in package.files} == {
        "index.mjs": b"a", "lib.mjs": b"b", "more/deep/c.json": b"{}", "image.png": None,
    }  # fmt: skip


def _zip(place: Path, members: dict[str, str]) -> pulumi.FileArchive:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return pulumi.FileArchive(str(place))


def test_a_zip_file_is_read_without_unpacking_it(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "code.zip", {"index.py": "import boto3", "../../escape.py": "x"})
    package = package_of(archive)
    assert package.files[0] == File("index.py", 12, b"import boto3")
    assert package.zipped == (tmp_path / "code.zip").stat().st_size
    assert [each.name for each in tmp_path.iterdir()] == ["code.zip"]


def test_a_zip_file_that_changed_is_read_again(tmp_path: Path) -> None:
    place = tmp_path / "code.zip"
    assert package_of(_zip(place, {"a.py": "1"})).files[0].content == b"1"
    assert package_of(_zip(place, {"a.py": "22222"})).files[0].content == b"22222"


def test_a_zip_bomb_is_not_inflated(tmp_path: Path) -> None:
    package = package_of(_zip(tmp_path / "bomb.zip", {"a.js": "0" * (archives.MOST_FILE_BYTES + 1), "b.js": "1"}))
    assert [(each.name, each.content) for each in package.files] == [("a.js", None), ("b.js", b"1")]
    assert package.size == archives.MOST_FILE_BYTES + 2


def test_so_many_bytes_and_files_are_read_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 5)
    members = {f"{index}.js": "123" for index in range(4)}
    package = package_of(_zip(tmp_path / "a.zip", members))
    assert [each.content for each in package.files] == [b"123", None, None, None]
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    package = package_of(_zip(tmp_path / "b.zip", members))
    assert (len(package.files), package.whole) == (2, False)


def test_what_cannot_be_read_is_said_and_nothing_raises(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK no zip at all")
    nested: Any = pulumi.AssetArchive({"x.js": pulumi.StringAsset("x")})
    for _ in range(20):
        nested = pulumi.AssetArchive({"n": nested})
    for value in (
        pulumi.FileArchive(str(tmp_path / "no.zip")),
        pulumi.FileArchive(str(tmp_path / "absent.zip")),
        pulumi.FileArchive("\0"),
        pulumi.AssetArchive({"a.js": pulumi.FileAsset(str(tmp_path / "absent.js"))}),
        pulumi.RemoteArchive("https://example.com/code.zip"),
        nested,
        "text",
        None,
        {"index.js": "x"},
    ):
        package = package_of(value)
        assert not package.whole
        assert all(each.content is None for each in package.files)
