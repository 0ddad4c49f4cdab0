"""Addresses of databases: what is one, and how it is shown without its password."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_SCHEMES = ("postgresql://", "postgres://")
# Greedy: of an address that is wrongly written, rather too much is hidden than a part of the password shown.
_USERINFO = re.compile(r"(?<=://)([^:/@?\[]*):.*@")
_SECRET = re.compile(r"(?<=[?&])(password|sslpassword|passfile)=[^&]*", re.IGNORECASE)


def is_address(source: object) -> bool:
    """
    Tell whether a source is the address of a PostgreSQL database.

    Parameters
    ----------
    source
        What a user names: a path or an address.

    Returns
    -------
    bool
        True for text that begins with ``postgresql://`` or ``postgres://``.
    """
    return isinstance(source, str) and source.lower().startswith(_SCHEMES)


def masked(address: str) -> str:
    """
    Hide the passwords of an address.

    Parameters
    ----------
    address
        An address as PostgreSQL takes it; any other text stays as it is.

    Returns
    -------
    str
        The address with ``***`` for each password in it.
    """
    return _SECRET.sub(r"\1=***", _USERINFO.sub(r"\1:***@", address)) if is_address(address) else address


def without_password(address: str) -> str:
    """
    Take the passwords out of an address.

    Parameters
    ----------
    address
        An address as PostgreSQL takes it.

    Returns
    -------
    str
        The address without them, with which PostgreSQL looks for the password in ``PGPASSWORD`` or ``~/.pgpass``.
    """
    bare = re.sub(r"(?<=[?&])(ssl)?password=[^&]*&?", "", _USERINFO.sub(r"\1@", address), flags=re.IGNORECASE)
    return bare.rstrip("?&")


def database(address: str) -> str:
    """
    Give the name of the database that an address is of.

    Parameters
    ----------
    address
        An address as PostgreSQL takes it.

    Returns
    -------
    str
        The name; ``postgresql`` where the address leaves it to the server.
    """
    parts = urlsplit(address)
    return parts.path.strip("/") or dict(parse_qsl(parts.query)).get("dbname") or "postgresql"


def address(source: str) -> str:
    """
    Name a source without the password that a database's address may hold.

    Parameters
    ----------
    source
        A path, or an address such as ``postgresql://user:password@host/db``.

    Returns
    -------
    str
        The same with the password as ``***``.
    """
    return masked(source)
