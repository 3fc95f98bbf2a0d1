"""Writes ../disguised.jsonl: watched terms, disguised as people disguise them, in sentences people write.

The letters below were chosen by hand, from what is seen in chats and on "fancy text" pages; no table of the engine
under test was read. The seed is fixed, so the file can be made again: python3 generate.py
"""

import json
import random
import unicodedata
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20251103
A_TRICK = 62
COMBINED = 180

CYRILLIC = dict(zip("acdehijkopqsvwxyABCEHIJKMOPSTXY", "асԁеһіјкорԛѕѵԝхуАВСЕНІЈКМОРЅТХУ"))
GREEK = dict(zip("aikopuvxABEHIKMNOPTXYZ", "αικορυνχΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"))
OTHER = [
    dict(zip("aegilonsuv", "ɑҽɡıӏօոꜱսѵ")),
    dict(zip("abcdefghijklmnopqrstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ")),
    dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")),
]
LEET = {"a": "4@", "e": "3", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7", "b": "8"}
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
BIDI = "\u200e\u200f\u202a\u202c\u2066\u2069\u061c"
VARIATION = "\ufe0e\ufe0f\ufe00"
EMOJI = "🙂 🔥 💰 🤫 👀 ✨ 🍀 ❤️ 💸 🚀 👇 ⭐".split()
FALSE_ACCENTS = {"a": "áàâä", "e": "éêè", "i": "íî", "o": "óôö", "u": "úü", "c": "ç", "n": "ñ"}
MATH = [(0x1D400, 0x1D41A), (0x1D468, 0x1D482), (0x1D4D0, 0x1D4EA), (0x1D56C, 0x1D586), (0x1D5A0, 0x1D5BA),
        (0x1D5D4, 0x1D5EE), (0x1D608, 0x1D622), (0x1D63C, 0x1D656), (0x1D670, 0x1D68A)]


def plain(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def clusters(word):
    """The letters of a word, each with the marks that sit on it."""
    found = []
    for c in word:
        if found and (unicodedata.combining(c) or c in VARIATION):
            found[-1] += c
        else:
            found.append(c)
    return found


def a_letter_each(random, text, table, share):
    """Puts letters of `table` for some of those of `text`: at least one, at most `share` of them."""
    places = [i for i, c in enumerate(text) if c in table]
    if not places:
        return None
    chosen = set(random.sample(places, max(1, round(len(places) * random.uniform(0.2, share)))))
    return "".join(random.choice(table[c]) if i in chosen else c for i, c in enumerate(text))


def case(random, text):
    return random.choice([text.upper(), text.title(), "".join(random.choice([c, c.upper()]) for c in text)])


def accent(random, text):
    if plain(text) != text and random.random() < 0.6:
        return plain(text)
    return a_letter_each(random, text, FALSE_ACCENTS, 0.6)


def nfd(random, text):
    accented = text if plain(text) != text else accent(random, text)
    return accented and unicodedata.normalize("NFD", accented)


def fullwidth(random, text):
    text = random.choice([plain(text), plain(text).upper()])
    return "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in text)


def math(random, text):
    upper, lower = random.choice(MATH)
    letters = random.choice([plain(text), plain(text).title(), plain(text).upper()])
    return "".join(chr((upper if c.isupper() else lower) + ord(c.lower()) - 97) if c.isalpha() else c for c in letters)


def circled(random, text):
    first, capital = random.choice([(0x24D0, False), (0x24B6, True), (0x1F150, True)])
    letters = plain(text).upper() if capital else plain(text)
    return "".join(chr(first + ord(c.lower()) - 97) if c.isalpha() else c for c in letters)


def squared(random, text):
    first = random.choice([0x1F130, 0x1F170])
    return "".join(chr(first + ord(c) - 97) if c.isalpha() else c for c in plain(text))


def cyrillic(random, text):
    return a_letter_each(random, random.choice([text, plain(text).upper()]), CYRILLIC, 1)


def greek(random, text):
    return a_letter_each(random, random.choice([text, plain(text).upper()]), GREEK, 1)


def lookalike(random, text):
    table = random.choice(OTHER)
    if len(table) < 12:
        return a_letter_each(random, text, table, 1)
    return "".join(table.get(c, c) for c in plain(text))


def leet(random, text):
    """Never a whole word in digits, never a sign at the beginning or the end of one."""
    words = []
    for word in plain(text).split(" "):
        new = a_letter_each(random, word, LEET, 0.9) if len(word) > 2 else word
        if new is None or not any(c.isalpha() for c in new) or new[0] in "!" or new[-1] in "!":
            new = word
        words.append(new)
    return None if words == plain(text).split(" ") else " ".join(words)


def repeat(random, text):
    """Three and more of a letter; two stay two."""
    places = [i for i, c in enumerate(text) if c.isalpha()]
    often = [i for i in places if text[i] in "aeiouãáéêíóô"] or places
    chosen = {random.choice(often)} | ({random.choice(places)} if random.random() < 0.4 else set())
    return "".join(c * random.randint(3, 6) if i in chosen else c for i, c in enumerate(text))


def between(random, text, signs, share=1.0, gap=" "):
    """Signs between the letters of the words, none before, after or between words."""
    words = []
    for word in text.split(" "):
        letters = clusters(word)
        new = letters[0]
        forced = random.randrange(1, len(letters)) if len(letters) > 1 else 0
        for i, letter in enumerate(letters[1:], 1):
            new += (random.choice(signs) if i == forced or random.random() < share else "") + letter
        words.append(new)
    return gap.join(words)


def zero_width(random, text):
    return between(random, text, ZERO_WIDTH, random.choice([0.15, 0.5, 1]))


def soft_hyphen(random, text):
    return between(random, text, "\u00ad", random.choice([0.15, 0.5, 1]))


def bidi(random, text):
    return between(random, text, BIDI, random.choice([0.15, 0.5]))


def variation(random, text):
    return between(random, text, VARIATION, random.choice([0.3, 1]))


def spaces(random, text):
    sign = random.choice([" ", " ", " ", "  ", "\u00a0", "\u2009"])
    return between(random, text, [sign], gap=random.choice(["  ", "   "]) if len(sign) == 1 else "    ")


def dots(random, text):
    return between(random, text, [random.choice([".", ".", ".", "·", "…", ","])])


def hyphens(random, text):
    return between(random, text, [random.choice(["-", "-", "–", "~", "/"])])


def underscores(random, text):
    return between(random, text, "_")


def emoji(random, text):
    return between(random, text, random.sample(EMOJI, random.choice([1, 1, 3])))


def line_breaks(random, text):
    return between(random, text, ["\n"], gap=random.choice(["\n", "\n\n", " "]))


def one_break(random, text):
    """One sign inside one word: pro.pina."""
    words = text.split(" ")
    at = max(range(len(words)), key=lambda i: len(words[i]))
    cut = random.randint(2, len(words[at]) - 2)
    words[at] = words[at][:cut] + random.choice([".", "-", "_", "/", "🙂"]) + words[at][cut:]
    return " ".join(words)


def mask(random, text):
    """One letter in the middle of a word, or two of a long one."""
    inner = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i - 1 : i + 2].isalpha()]
    if not inner:
        return None
    chosen = {random.choice(inner)}
    far = [i for i in inner if all(abs(i - other) > 1 for other in chosen)]
    if len(text) > 7 and far and random.random() < 0.25:
        chosen.add(random.choice(far))
    sign = random.choice("***#")
    return "".join(sign if i in chosen else c for i, c in enumerate(text))


TRICKS = {"CASE": case, "ACCENT": accent, "NFD": nfd, "FULLWIDTH": fullwidth, "MATH": math, "CIRCLED": circled,
          "SQUARED": squared, "CYRILLIC": cyrillic, "GREEK": greek, "LOOKALIKE": lookalike, "LEET": leet,
          "REPEAT": repeat, "ZERO_WIDTH": zero_width, "SOFT_HYPHEN": soft_hyphen, "BIDI": bidi,
          "VARIATION": variation, "SPACES": spaces, "DOTS": dots, "HYPHENS": hyphens, "UNDERSCORES": underscores,
          "EMOJI": emoji, "LINE_BREAKS": line_breaks, "BREAK": one_break, "MASK": mask}
SHAPES = ["CASE", "ACCENT"]
LETTERS = ["FULLWIDTH", "MATH", "CYRILLIC", "GREEK", "LEET", "LEET", "REPEAT", "REPEAT"]
SIGNS = ["ZERO_WIDTH", "SOFT_HYPHEN", "BIDI", "SPACES", "SPACES", "DOTS", "HYPHENS", "UNDERSCORES", "EMOJI", "MASK"]


def combination(random):
    kinds = random.choice([(SHAPES, LETTERS), (LETTERS, SIGNS), (SHAPES, SIGNS), (SHAPES, LETTERS, SIGNS)])
    tricks = [random.choice(kind) for kind in kinds]
    # A repeated letter that is spaced out or half masked is no longer one.
    return tricks if "REPEAT" not in tricks or tricks[-1] in LETTERS + SIGNS[:3] else combination(random)


def generated(random, terms, frames):
    wanted = [[name] for name in TRICKS for _ in range(A_TRICK)] + [combination(random) for _ in range(COMBINED)]
    seen = set()
    for tricks in wanted:
        while True:
            kind, term = random.choice(terms)
            disguised = term
            for trick in tricks:
                disguised = disguised and TRICKS[trick](random, disguised)
            frame = random.choice(frames[kind])
            if disguised and disguised != term and (frame, term) not in seen:
                break
        seen.add((frame, term))
        before, after = frame.split("{}")
        yield message(before, disguised, after, term, "+".join(tricks))


def message(before, disguised, after, term, trick):
    start = len(before)
    return {"text": before + disguised + after, "term": term, "start": start, "end": start + len(disguised), "trick": trick}


def lines(name):
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield [unescaped(part) for part in line.split("\t")]


def unescaped(text):
    r"""Knows \n and \u{200b}, so that nothing invisible hides in the sources."""
    parts = text.replace("\\n", "\n").split("\\u{")
    return parts[0] + "".join(chr(int(part[: part.index("}")], 16)) + part[part.index("}") + 1 :] for part in parts[1:])


def by_hand():
    for trick, term, text in lines("by_hand.tsv"):
        before, rest = text.split("[[")
        disguised, after = rest.split("]]")
        yield message(before, disguised, after, term, trick)
    for term, text in lines("clear.tsv"):
        yield {"text": text, "term": term, "start": None, "end": None, "trick": None}


def main():
    terms = list(lines("terms.tsv"))
    frames = {}
    for kind, frame in lines("frames.tsv"):
        frames.setdefault(kind, []).append(frame)
    messages = [*generated(random.Random(SEED), terms, frames), *by_hand()]
    with open(HERE.parent / "disguised.jsonl", "w", encoding="utf-8") as out:
        for line in messages:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
