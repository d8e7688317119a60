"""What a Windows machine says, made safe to show: bounded, without control characters, CLIXML unwrapped."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from console.safe_text import one_line

MESSAGE_LIMIT = 600
"""Characters of a remote message that we repeat."""
STDERR_LIMIT = 256 * 1024
_CLIXML = "#< CLIXML"


def clean(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """One harmless line of at most `limit` characters; `…` stands for what is cut."""
    return one_line(text, limit)


def error_text(stderr: bytes) -> str:
    """The error text of a command's stderr, cleaned; empty where there is only progress.

    PowerShell may write CLIXML there, with exit status 0 and nothing but progress in it, even with
    `-OutputFormat Text`; only objects whose stream (attribute S) is Error count. [reference: read-back rules]
    """
    text = stderr[:STDERR_LIMIT].decode("utf-8", "replace").lstrip("\ufeff \r\n")
    if not text.startswith(_CLIXML):
        return clean(text)
    return clean(" ".join(_errors(document) for document in text.split(_CLIXML)))


def _errors(document: str) -> str:
    document = document.strip()
    if not document:
        return ""
    try:
        root: Element = fromstring(document)
    except (ParseError, DefusedXmlException):
        return "(unreadable CLIXML) " + re.sub(r"<[^>]*>", " ", document)
    texts = [node.text or "" for node in root.iter() if node.get("S", "").lower() == "error"]
    return " ".join(re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text) for text in texts)
