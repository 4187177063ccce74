"""Reading what a student writes: claims are found by families of words.

Amounts, denials and misspellings are understood.

A claim is written as words and families (of vocabulary.toml, in capitals) with a space between them,
`A/B` for either, `~3` for up to three words in between, and a leading `!` for what must be denied.
A claim without `!` does not count where it is denied: "KNOWN" is not made by "they aren't well
known", "!KNOWN" is. Between words of a claim no clause ends, unless `|` stands there. Numbers are
written `N50`.
"""

import re
from functools import lru_cache

from palate.lesson import texts

_VOCABULARY = texts.read("vocabulary.toml")
FAMILIES: dict[str, str] = _VOCABULARY["families"]
NUMERALS: dict[str, str] = _VOCABULARY["numerals"]
_DENIALS = frozenset(FAMILIES["DENIAL"].split())
_WITHOUT = 2  # how many "without" does: in "without them the error rises" the error rises
# where what "without" denies ends
_PRONOUNS = frozenset(("them", "it", "this", "that", "these", "those", "him", "her"))
_SCOPE = 4  # how many words a denial reaches ahead
_BREAKS = frozenset(_VOCABULARY["breaks"].split())  # no denial reaches across one
_CONTRACTED = re.compile(
    r"\b(are|is|was|were|do|does|did|has|have|had|would|should|could|must|need|wo|ca|can)(n't|nt)\b"
)
_WORD = re.compile(r"\d+(?:\.\d+)?|[a-z_][a-z_0-9]*|[|]")


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """Return the words of a text in one spelling, with amounts replaced by FEW or MANY.

    `|` stands where a clause ends.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        With a space at both ends.

    Examples
    --------
    >>> plain("They aren't popular: under 10 reveiws each").split()
    ['they', 'are', 'not', 'popular', '|', 'FEW', 'reviews', 'each']
    """
    said = " ".join(text.lower().replace("\u2019", "'").split())
    said = _CONTRACTED.sub(lambda found: {"wo": "will", "ca": "can"}.get(found[1], found[1]) + " not", said)
    for sign, word in ((">=", "at least"), ("<=", "at most"), (">", "over"), ("<", "under")):
        said = said.replace(sign, f" {word} ")
    said = re.sub(r"(?<=\d),(?=\d{3}\b)", "", said.replace("cannot", "can not"))
    said = re.sub(r"(?<!\d)[.,]|[.,](?!\d)|[;:!?()\"]|\bbut\b", " | ", said)
    said = " ".join(_number(word) for word in _WORD.findall(said))
    for words, one in _VOCABULARY["idioms"]:
        said = re.sub(rf"\b(?:{words})(?![a-z])", one, said)
    said = f" {' '.join(_spelt(word) for word in said.split())} "
    said = re.sub(r"\|(?: \|)+", "|", said)  # ", but" ends one clause, not two
    for claim, one, ahead in _VOCABULARY["rewrites"]:
        followed = f"(?={pattern(ahead).pattern})" if ahead else ""
        said = re.sub(pattern(claim).pattern + followed, f" {one}", said)
    return said


def _number(word: str) -> str:
    number = _VOCABULARY["numbers"].get(word)
    if word[0].isdigit():
        number = int(float(word))
    return word if number is None else f"N{number}"


def claims(said: str, claim: str) -> bool:
    """Return whether a text makes a claim.

    Parameters
    ----------
    said : str
        Of `plain`.
    claim : str
        See the head of this module.
    """
    denied = claim.startswith("!")
    places = (found.start() for found in pattern(claim.removeprefix("!")).finditer(said))
    return any(_denied(said, place) == denied for place in places)


def _denied(said: str, place: int) -> bool:
    """Return whether what begins at a place stands under a denial in its clause; two of them cancel."""
    reach: list[str] = []
    for word in reversed(said[:place].rpartition("|")[2].split()):
        if word in _BREAKS or len(reach) == _SCOPE:
            break
        reach.append(word)
    denials = [
        place
        for place, word in enumerate(reach)
        if word in _DENIALS
        and (word != "without" or (place < _WITHOUT and _PRONOUNS.isdisjoint(reach[:place])))
    ]
    return len(denials) % 2 == 1


@lru_cache(maxsize=8192)
def pattern(claim: str) -> re.Pattern[str]:
    """Return a claim, without its `!`, as a regular expression over plain words."""
    parts, gap = [], ""
    for word in claim.split():
        if word.startswith("~"):  # a gap stands before the next word, and holds no denial
            gap = rf"(?: (?!(?:{'|'.join(_DENIALS - {'without'})}) )[^ |]+){{0,{word[1:]}}}"
        else:
            parts.append(f"{gap} (?:{'|'.join(_expression(name) for name in word.split('/'))})")
            gap = ""
    return re.compile("".join(parts) + "(?= )")


def _expression(name: str) -> str:
    if name == "|":
        return r"\|"
    if name in FAMILIES:
        family = (*FAMILIES[name].split(), name)
        return "|".join(word[:-1] + r"\w*" if word.endswith("*") else word + "s?" for word in family)
    return NUMERALS.get(name, name[:-1] + r"\w*" if name.endswith("*") else name + "s?" * name.islower())


_STEMS = {
    word
    for words in FAMILIES.values()
    for word in words.split()
    if word.isascii() and word.replace("*", "").isalpha()
}


_ORDINARY = frozenset(_VOCABULARY["ordinary"].split())


@lru_cache(maxsize=8192)
def _spelt(word: str) -> str:
    """Return the vocabulary's word of which a word may be a misspelling, else the word.

    Words under nine letters may differ in one letter, longer ones in two.
    """
    if len(word) < 6 or not word.isalpha() or not word.islower() or _is_known(word):
        return word
    slips = 1 if len(word) < 9 else 2
    near: list[tuple[int, str]] = []
    for known in sorted(_STEMS):
        stem = known.removesuffix("*")
        if len(stem) < 5 or stem[0] != word[0]:
            continue
        if known == stem:
            ends, allowed = [(word, ""), (word.removesuffix("s"), "s" * word.endswith("s"))], slips
        else:
            ends = [(word[:end], word[end:]) for end in range(len(stem) - 1, len(stem) + 2)]
            allowed = 1 if len(stem) > 5 else 0
        near += [(found, stem + rest) for begun, rest in ends if (found := _slips(begun, stem)) <= allowed]
    return min(near)[1] if near else word


def _is_known(word: str) -> bool:
    singular = word.removesuffix("s")
    known = any(one in _ORDINARY or one in _STEMS for one in (word, singular))
    return known or any(word[:end] + "*" in _STEMS for end in range(3, len(word) + 1))


def _slips(one: str, other: str) -> int:
    """Return the number of letters added, left out, exchanged or swapped with their neighbour; 3 for many."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        last, row = row, [place]
        for at, against in enumerate(other, 1):
            best = min(last[at] + 1, row[-1] + 1, last[at - 1] + (letter != against))
            if place > 1 and at > 1 and letter == other[at - 2] and one[place - 2] == against:
                best = min(best, before[at - 2] + 1)
            row.append(best)
        before = last
    return row[-1]
