"""What we found when we read a case of 5da9091 that fails: by the beginning of its name.

`ours:` the broker does not do what the standard asks · `case:` the case wants more than the standard
says, or finds what an earlier case left · `opinion:` the standard leaves it open, and we chose otherwise
· `1d442dc:` a case of the earlier suite, which passes, wants the opposite.
"""

KINDS = ("ours", "case", "opinion", "1d442dc")
WHY: dict[str, str] = {}


def why_later(name: str) -> str:
    """The reason of the longest beginning that fits, or nothing."""
    found = max((key for key in WHY if name.startswith(key)), key=len, default="")
    return WHY.get(found, "")
