"""What a file is, told from its first bytes and not from its name; and its name, made harmless."""

import unicodedata

PDF, PNG, JPEG, ZIP, TEXT = "application/pdf", "image/png", "image/jpeg", "application/zip", "text/plain"
SIGNATURES = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"PK\x03\x04", ZIP),  # and what office programs write, which is a ZIP file too
)
NEVER_IN_TEXT = frozenset({*range(32), 127} - set(b"\t\n\r\f"))
LONGEST_NAME = 200
HEAD = 4_096


def kind_of(head: bytes) -> str | None:
    """Return the kind of a file from its first bytes, or None for one that is not taken."""
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return kind
    if not head or NEVER_IN_TEXT & set(head):
        return None
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut off at the end of what was read.
        return TEXT if error.start >= len(head) - 3 and len(head) >= HEAD else None
    return TEXT


def plain_name(name: str) -> str:
    """Return the name of a file without folders, and without what a header or a file system could stumble over."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(each for each in last if unicodedata.category(each)[0] != "C" and each not in '<>:"|?*;')
    return kept.strip(" .")[:LONGEST_NAME] or "file"
