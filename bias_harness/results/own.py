"""Files that this machine made for itself: derived, and sealed with a key of its own.

Beside each such file stands `NAME.seal`: what it is about, its SHA-256, and an HMAC-SHA256 over both by a key that
never leaves the user's cache folder. A folder that comes from elsewhere may hold anything under these names: without
this machine's seal it is as if it were not there, and is made anew. So a stranger's run folder can show no reading that
does not follow from its log. Where no key can be kept, nothing is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from bias_harness.results.files import write_whole
from bias_harness.workspace import user_cache

FOLDER = ".readings"
"""Where a run has such files."""
FORMAT = 1
KEY_BYTES = 32
LARGEST_SEAL = 50_000_000
IGNORE_ALL = b"# made anew where it is missing\n*\n"


def keep(path: Path, data: bytes, about: Mapping[str, Any]) -> bool:
    """Write a derived file with its seal; `about` is plain data. Returns whether it is kept.

    A disk that is full or read-only, or a machine without a key, keeps nothing, and nothing is lost by that.
    """
    key = machine_key()
    if key is None:
        return False
    told = {"format": FORMAT, "about": about, "sha256": hashlib.sha256(data).hexdigest()}
    sealed = orjson.dumps({**told, "hmac": _hmac(key, path.name, told)}, option=orjson.OPT_SORT_KEYS)
    try:
        path.parent.mkdir(exist_ok=True)
        if not (path.parent / ".gitignore").exists():
            write_whole(path.parent / ".gitignore", IGNORE_ALL)
        write_whole(path, data)
        write_whole(_seal(path), sealed)
    except OSError:
        return False
    return True


def kept(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """What a file is about, and its content; None where this machine did not write it so."""
    about = kept_about(path)
    if about is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return (about["about"], data) if hashlib.sha256(data).hexdigest() == about["sha256"] else None


def kept_about(path: Path) -> dict[str, Any] | None:
    """The seal of a file where it is this machine's own; the file itself is not read."""
    key, seal = machine_key(), _seal(path)
    try:
        if key is None or seal.stat().st_size > LARGEST_SEAL:
            return None
        told = orjson.loads(seal.read_bytes())
        given = told.pop("hmac")
        fits = told["format"] == FORMAT and isinstance(told["about"], dict)
        return told if fits and hmac.compare_digest(given, _hmac(key, path.name, told)) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _seal(path: Path) -> Path:
    return path.with_name(f"{path.name}.seal")


def _hmac(key: bytes, name: str, told: Mapping[str, Any]) -> str:
    said = orjson.dumps([name, told], option=orjson.OPT_SORT_KEYS)
    return hmac.digest(key, said, "sha256").hex()


@cache
def _key_in(path: Path) -> bytes | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        if not path.exists():
            fresh.touch(mode=0o600)
            fresh.write_bytes(secrets.token_bytes(KEY_BYTES))
            try:
                os.link(fresh, path)  # of two processes one is first
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        found = path.read_bytes()
    except OSError:
        return None
    return found if len(found) == KEY_BYTES else None


def machine_key() -> bytes | None:
    """The key of this user on this machine, made when it is first wanted; None where none can be kept."""
    return _key_in(user_cache() / "seal.key")
