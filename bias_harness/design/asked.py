"""What a cell asks one endpoint, whatever the repeat: its messages, and the keys of its requests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bias_harness.vocabulary import Message, Trial

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of one request for all its repeats: what they have in common is digested once."""

    _begun: _Hash
    _end: bytes

    @classmethod
    def of(cls, endpoint: str, model: str, messages: Iterable[Message], sampling: Mapping[str, Any]) -> Keys:
        """Those of what is asked; of canonical JSON, `repeat` stands between the model and the sampling."""
        said = [{"content": m.content, "role": m.role} for m in messages]
        before = _canonical({"endpoint": endpoint, "messages": said, "model": model})
        after = _canonical({"sampling": dict(sampling)})
        return cls(hashlib.sha256(before[:-1] + b',"repeat":'), b"," + after[1:])

    def of_repeat(self, repeat: int) -> str:
        """The key of one repeat."""
        whole = self._begun.copy()
        whole.update(b"%d%b" % (repeat, self._end))
        return whole.hexdigest()


def request_key(
    endpoint: str, model: str, messages: Iterable[Message], sampling: Mapping[str, Any], repeat: int
) -> str:
    """SHA-256 (hex) of the canonical JSON (sorted keys, no white space, UTF-8) of what makes a request itself."""
    return Keys.of(endpoint, model, messages, sampling).of_repeat(repeat)


def _canonical(data: Mapping[str, Any]) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One cell as it is put to one endpoint: the trial of its first repeat (block 0), and what is sent.

    `sampling` is the endpoint's own, the same object in all its cells; `prompt` is the messages in one text.
    """

    trial: Trial
    messages: tuple[Message, ...]
    sampling: Mapping[str, Any]
    keys: Keys
    prompt: str


def prompt_of(messages: Iterable[Message]) -> str:
    """Messages in one text, as answers to them are read by."""
    return "\n".join(message.content for message in messages)
