"""Codes people read out or type, and the one-time code a payer shows: both catch a wrong character."""

import base64

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SIGNS = _ALPHABET + "01IO-"
_PREFIX = "MIEC1"


def damm_digit(digits: str) -> str:
    """Catches every wrong digit and every swap of neighbours."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def with_check_digit(digits: str) -> str:
    return digits + damm_digit(digits)


def is_typed_right(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) > 1 and damm_digit(code) == "0"


def write_payer_code(token: bytes) -> str:
    """The text of a payer's one-time code: our own prefix and version, ≥128 random bits, a check.

    All digits would look like another operator's bar code, so it never starts with one.
    """
    if len(token) < 16:
        raise ValueError("a one-time code needs at least 128 random bits")
    plain = base64.b32encode(token).decode().rstrip("=")
    body = _PREFIX + plain.translate(str.maketrans(_BASE32, _ALPHABET))
    return body + _check_character(body)


def read_payer_code(text: str) -> bytes | None:
    """The token, or None for anything that is not exactly one of our codes."""
    body, check = text[:-1], text[-1:]
    plain = body.removeprefix(_PREFIX)
    if not body.startswith(_PREFIX) or not plain or set(plain) - set(_ALPHABET):
        return None
    if check != _check_character(body):
        return None
    base32 = plain.translate(str.maketrans(_ALPHABET, _BASE32))
    try:
        token = base64.b32decode(base32 + "=" * (-len(base32) % 8))
    except ValueError:
        return None
    # One token has one text: spare bits at the end must be zero.
    return token if len(token) >= 16 and write_payer_code(token) == text else None


def _check_character(body: str) -> str:
    """Weights modulo a prime: one wrong or two swapped characters change it."""
    total = sum(weight * _SIGNS.index(sign) for weight, sign in enumerate(body, start=2))
    return _SIGNS[total % len(_SIGNS)]
