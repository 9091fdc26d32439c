"""The check digit of a My Number (個人番号), so that none is taken for something else."""

_WEIGHTS = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)


def has_right_check_digit(digits: str) -> bool:
    """平成26年総務省令第85号5条: weights 2 to 7 and 2 to 6 from the low end, modulo 11."""
    if len(digits) != 12 or not digits.isascii() or not digits.isdigit():
        return False
    low_first = [int(digit) for digit in reversed(digits[:11])]
    remainder = sum(p * q for p, q in zip(low_first, _WEIGHTS, strict=True)) % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)
