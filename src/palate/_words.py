"""Numbers with their nouns, as messages, notes and pages write them."""


def counted(n: int, what: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "rating"), counted(2000, "rating")
    ('1 rating', '2,000 ratings')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def so_are(n: int) -> str:
    """Return a sentence, after a blank, that n more are like the one before; nothing for none.

    Examples
    --------
    >>> so_are(0), so_are(1), so_are(2000)
    ('', ' So is 1 more.', ' So are 2,000 more.')
    """
    return f" So {'is' if n == 1 else 'are'} {n:,} more." if n else ""


def one_or_more(n: int, what: str, one: str, more: str) -> str:
    """Return a number with its noun and what is said of it, which depends on whether it is one.

    Examples
    --------
    >>> one_or_more(1, "item", "is rated", "are rated"), one_or_more(2, "item", "is rated", "are rated")
    ('1 item is rated', '2 items are rated')
    """
    return f"{counted(n, what)} {one if n == 1 else more}"
