"""The kinds of files by their first bytes."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from stylex.filetypes import HEAD, file_type, head_of, stand_in

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 6712345\n"


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), "a")
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "cure"),
    [
        (POINTER, "Git LFS pointer", "git lfs pull"),
        (b"/annex/objects/MD5E-s5--00.pth\n", "git-annex", "git annex get"),
        (b"<!DOCTYPE html><html>", "web page", "download"),
        (b"\n  <HTML lang='en'><head>", "web page", "download"),
        (b"\xef\xbb\xbf<!-- saved from url=(0020)https://a -->\r\n<!doctype  HTML>", "web page", "download"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML', "web page", "download"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG", ""),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "XML", ""),
        (b'{"error": "not found"}', "JSON", ""),
        (b"[{}]", "JSON", ""),
        (save({"a": np.zeros(3)}), "safetensors", ""),
        (pickle.dumps({"a": 1}), "pickle", ""),
        (zipped(), "ZIP", "unpack"),
        (tarred(), "tar", "unpack"),
        (gzip.compress(b"a", mtime=0), "gzip", "unpack"),
        (b"%PDF-1.7", "PDF", "export"),
    ],
)
def test_kinds_and_cures(data: bytes, name: str, cure: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    kind = file_type(head_of(tmp_path / "file"))
    assert kind is not None
    assert name in kind.name
    assert cure in kind.cure
    assert (stand_in(data[:HEAD]) is None) == (name not in ("Git LFS pointer", "git-annex", "web page"))


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=600))
def test_any_bytes_have_a_kind_or_none(data: bytes) -> None:
    kind = file_type(data[:HEAD])
    assert kind is None or kind.magic.match(data)


def test_plain_text_has_no_kind() -> None:
    assert file_type(b"hello, world\n") is None
    assert file_type(b"") is None
