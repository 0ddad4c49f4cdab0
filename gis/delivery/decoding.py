"""A layer's text decoded, where its file does not tell the encoding or tells it wrongly."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from gis.inventory import Note
from gis.text import encodings

if TYPE_CHECKING:
    from gis.delivery.files.layer import RawLayer


def decoded(raw: RawLayer) -> RawLayer:
    """
    Decode text whose encoding the file does not tell for sure.

    Parameters
    ----------
    raw
        A layer as its reader gives it.

    Returns
    -------
    RawLayer
        The layer with its text, and D006 where the encoding was found out rather than told.
    """
    if raw.undecoded is None:
        return raw
    texts = (value for name in raw.undecoded.columns for value in raw.frame[name].unique())
    found = encodings.detect(
        chain(texts, raw.undecoded.names), None, raw.undecoded.declared, raw.undecoded.language_byte
    )
    read = raw.decode(found.encoding)
    # Where two tables were put together, single values may be in another encoding than the most.
    for at, name in enumerate(raw.frame.columns):
        if name in raw.undecoded.columns:
            broken = read.frame.iloc[:, at].str.contains("\ufffd", regex=False).fillna(value=False)
            mended = raw.frame.loc[broken, name].map(lambda value: encodings.decode(value, found.encoding))
            read.frame.loc[broken, read.frame.columns[at]] = mended
    if not found.guessed:
        return read
    note = Note("D006", raw.title, fields={"encoding": found.name, "evidence": found.evidence})
    return replace(read, notes=(*raw.notes, note))
