"""Texts and hashes by which equal configs are found again."""

import hashlib
import json
from typing import Any


def as_text(value: Any) -> str:
    """A config as a text that does not depend on the order of its keys.

    Args:
        value: Anything that a config holds; what JSON does not know is written as it prints.

    Example:
        >>> as_text(dict(b=(1, 2), a=None))
        '{"a": null, "b": [1, 2]}'
    """
    return json.dumps(value, sort_keys=True, default=repr)


def fingerprint(value: Any) -> str:
    """SHA-256 of a config's text, 64 hexadecimal digits; studies and runs on the disk are found by it.

    Args:
        value: As :func:`as_text` takes it.

    Example:
        >>> fingerprint(dict(a=1, b=2)) == fingerprint(dict(b=2, a=1))
        True
    """
    return hashlib.sha256(as_text(value).encode()).hexdigest()
