"""How wide a layer may be: what people make has dozens of columns, and each one is looked at against all of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gis.inventory import LeftOut
from gis.language import Text

if TYPE_CHECKING:
    from gis.delivery.files.layer import RawLayer

MAX_COLUMNS = 500
# Cells of a table when each row is as long as the longest; beyond these, a few times those that its file has.
_CELLS = 20_000_000
_RATIO = 4
_COLUMNS = Text("{count:column|columns}", "ستون")
_TOO_WIDE = Text(
    "a layer is read as far as its column 500, less far where hardly any of very many rows reach there; "
    "delete the columns that nobody needs",
    "از هر لایه تا ستون ۵۰۰ خوانده می‌شود، و کمتر اگر ردیف‌هایش بسیار باشد و تقریباً هیچ‌کدام به آن‌جا نرسد؛ "
    "ستون‌هایی را که کسی لازم ندارد پاک کنید",
)


def widest(rows: int, cells: int) -> int:
    """
    Tell how many columns of a table are read.

    Parameters
    ----------
    rows
        How many rows it has.
    cells
        How many cells its file has for them, where rows end before the longest one does.

    Returns
    -------
    int
        At most 500; so few that rows filled up to that width take no more than a few times what the file has.
    """
    return max(1, min(MAX_COLUMNS, max(_CELLS, _RATIO * cells) // max(rows, 1)))


def beyond(shown: str, layer: str, columns: int) -> tuple[LeftOut, ...]:
    """
    Say that columns are left out.

    Parameters
    ----------
    shown
        The file's name for people.
    layer
        The layer in it.
    columns
        How many.

    Returns
    -------
    tuple of LeftOut
        Nothing where it is none.
    """
    return (LeftOut(shown, layer, columns, _COLUMNS, _TOO_WIDE),) if columns else ()


def narrowed(raw: RawLayer) -> RawLayer:
    """
    Leave out the columns of a layer beyond the 500th.

    Parameters
    ----------
    raw
        A layer.

    Returns
    -------
    RawLayer
        The layer with its geometry and at most 500 columns, and in `left_out` what it lost.
    """
    # By their places: a damaged head may call columns alike.
    names = list(raw.frame.columns)
    place = names.index(raw.frame.geometry.name)
    own = [at for at in range(len(names)) if at != place]
    if len(own) <= MAX_COLUMNS:
        return raw
    kept = {names[at] for at in own[:MAX_COLUMNS]}
    undecoded = raw.undecoded
    if undecoded is not None:
        texts, headings = (
            tuple(name for name in of if name in kept) for of in (undecoded.columns, undecoded.names)
        )
        undecoded = replace(undecoded, columns=texts, names=headings)
    left_out = (*raw.left_out, *beyond(raw.path, raw.layer, len(own) - MAX_COLUMNS))
    frame = raw.frame.iloc[:, [*own[:MAX_COLUMNS], place]]
    return replace(raw, frame=frame, undecoded=undecoded, left_out=left_out)
