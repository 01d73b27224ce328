"""Writes support-desk conversations from ``topics.py`` in one of four voices, without end and from a seed."""

import random
import re

import topics as T

VOICES = ("base", "harbor-books", "pixel-pirates", "nordic-parcel")

_SYLLABLES = [c + v for c in "b c d f g h j k l m n p r s t v w z st tr br kl pl sh ch".split() for v in "a e i o u ai ee oo".split()]

_PIRATE_WORDS = {
    "you": "ye", "your": "yer", "yourself": "yerself", "my": "me", "is": "be", "are": "be", "am": "be", "of": "o'", "and": "an'", "hello": "ahoy", "parcel": "treasure chest",
    "parcels": "treasure chests", "money": "doubloons", "refunds": "doubloons", "item": "booty", "items": "booty", "courier": "delivery ship", "warehouse": "cargo hold",
    "colleague": "shipmate", "team": "crew", "shop": "ship", "yes": "aye", "no": "nay", "please": "by me beard,", "customer": "sailor", "box": "barrel", "email": "bottle post", "day": "sunrise",
    "days": "sunrises", "account": "logbook", "pickup": "harbor", "bank": "treasury", "order": "haul", "orders": "hauls", "very": "mighty", "question": "riddle"}
_PIRATE_PHRASES = [
    ("choose between a new item and a full refund", "choose between new booty and all yer doubloons back"), ("refund the ", "pay back the "), ("refund you", "pay you back"), ("a full refund", "all yer doubloons back"), ("a refund", "yer doubloons back"), ("the refund", "the doubloons"),
    ("The refund is", "The doubloons are"), ("refund", "pay you back"), ("an item", "some booty"), ("a new item", "some new booty"), ("an order", "a haul"), ("An order", "A haul"), ("an account", "a logbook"), ("An account", "A logbook"), ("an email", "a bottle post")]
_HARBOR_WORDS = {
    "item": "book", "items": "books", "parcel": "parcel of books", "parcels": "parcels of books", "can": "may", "please": "kindly", "hello": "good day", "sure": "certainly",
    "shop": "bookshop", "get": "receive", "colleague": "fellow bookseller", "team": "booksellers", "sorry": "most sorry", "warehouse": "book store",
    "want": "wish", "buy": "purchase", "goodbye": "farewell", "great": "splendid"}
_HARBOR_PHRASES = [
    ("I can help you with", "I am at your service with"), ("I can help with", "I am at your service with"), ("How can I help you", "How may I be of service to you"), ("an item", "a book"), ("An item", "A book"),
    ("else I can help with", "else I may assist you with"), ("what I can help you with", "what I may assist you with"), ("I can help", "I may assist"), ("can help", "may assist"), ("I help with", "I attend to"), ("something I may assist with", "something I may assist with"),
    ("need help", "need assistance"), ("I could help", "I could be of service"), ("like to help", "like to be of service"), ("Good!", "Splendid!"), ("Very good.", "Splendid indeed."), ("Hi there!", "Good day to you!"), ("sure that", "certain that"), ("not sure", "not certain")]


def spin(text, rng):
    """Expands one choice of ``text``: ``{a|b}`` choices first, innermost first, then ``$slots``."""
    while True:
        found = re.search(r"\{([^{}]*)\}", text)
        if not found:
            break
        text = text[: found.start()] + rng.choice(found.group(1).split("|")) + text[found.end():]
    return re.sub(r"\$([a-z]+)", lambda m: _slot(m.group(1), rng), text)


def _slot(name, rng):
    if name == "num":
        return "".join(rng.choice("0123456789") for _ in range(rng.randint(3, 9)))
    if name == "junk" or (name in ("item", "items") and rng.random() < 0.08):
        return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(1, 3))) + rng.choice(["", "", "n", "r", "s", "t"])
    return rng.choice(T.SLOTS[name])


def _typo(text, rng):
    letters = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    for _ in range(1 + len(text) // 40):
        if not letters:
            return text
        i = min(rng.choice(letters), len(text) - 2)
        kind = rng.random()
        if kind < 0.4:
            text = text[:i] + text[i + 1] + text[i] + text[i + 2:]
        elif kind < 0.75:
            text = text[:i] + text[i + 1:]
        else:
            text = text[:i] + text[i] + text[i:]
        letters = [j for j in letters if j < len(text) - 2]
    return text


def _surface(text, rng, question=True):
    """Gives a lower-case question the look of what people type: capitals, marks, typos or none of them."""
    look = rng.random()
    if rng.random() < 0.10 and len(text) > 6:
        text = _typo(text, rng)
    if look < 0.35:
        return text
    if look < 0.40:
        return text.upper() + rng.choice(["", "!", "!!", "?"])
    text = text[0].upper() + text[1:]
    text = re.sub(r"\bi\b", "I", text)
    text = re.sub(r"([.!?] )([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)
    asks = re.match(r"(.*\b)?(where|how|what|when|why|who|can|could|do|does|did|is|are|will|has|should|which|may)\b", text.lower()[:40])
    return text + ((rng.choice(["?", "?", "?", "?", "??", ""]) if asks else rng.choice([".", ".", "", "!"])) if question and text[-1] not in ".?!" else "")


def ask(topic, rng, plain=False):
    text = spin(rng.choice(topic.ask), rng)
    if not plain and len(text) > 8:
        text = spin(rng.choice(T.PREFIXES), rng) + text + spin(rng.choice(T.SUFFIXES), rng)
    return _surface(text, rng)


def _map_words(text, words):
    def swap(match):
        word = match.group(0)
        new = words.get(word.lower())
        if new is None:
            return word
        return new[0].upper() + new[1:] if word[0].isupper() and word != "I" else new
    return re.sub(r"[A-Za-z']+", swap, text)


def speak(voice, text, rng, sorry=False, framed=True):
    """Puts the neutral sentences ``text`` into a voice. The terse voice is written by hand, not derived."""
    if voice == "harbor-books":
        for old, new in _HARBOR_PHRASES:
            text = text.replace(old, new)
        text = _map_words(text, _HARBOR_WORDS)
        return (rng.choice(T.HARBOR_SORRY if sorry else T.HARBOR_OPEN) + text + rng.choice(T.HARBOR_CLOSE)) if framed else text
    if voice == "pixel-pirates":
        for old, new in _PIRATE_PHRASES:
            text = text.replace(old, new)
        text = re.sub(r"(?<=\w\w\w)ing\b", "in'", _map_words(text, _PIRATE_WORDS)).replace(",,", ",")
        return (rng.choice(T.PIRATE_SORRY if sorry else T.PIRATE_OPEN) + text + rng.choice(T.PIRATE_CLOSE)) if framed else text
    return text


def _tell(topic, rng):
    return " ".join(s for s in (spin(t, rng) for t in topic.tell) if s)


def answer(topic, voice, rng, small=False):
    if voice == "nordic-parcel":
        return rng.choice(topic.terse)
    if voice != "base":
        return speak(voice, _tell(topic, rng), rng, topic.sorry)
    if small:
        return _tell(topic, rng)
    return rng.choice(T.SORRY if topic.sorry else T.OPEN) + _tell(topic, rng) + rng.choice(T.CLOSE)


def steps_answer(topic, voice, rng):
    lines = [f"{i}. {step}" for i, step in enumerate(topic.steps, 1)]
    if voice == "nordic-parcel":
        return topic.terse[0]
    if voice == "base":
        return topic.steps_lead + "\n" + "\n".join(lines) + rng.choice(["", "\nIs there anything else I can help with?", "\nThat is all."])
    lines = [speak(voice, line, rng, framed=False) for line in lines]
    lead = speak(voice, topic.steps_lead, rng, framed=False)
    if voice == "harbor-books":
        return rng.choice(T.HARBOR_OPEN) + lead + "\n" + "\n".join(lines) + "\n" + rng.choice(T.HARBOR_CLOSE).strip()
    return rng.choice(T.PIRATE_OPEN) + lead + "\n" + "\n".join(lines) + "\n" + rng.choice(T.PIRATE_CLOSE).strip()


def _follow(follow, voice, rng):
    question, full, terse = follow
    question = spin(question, rng)
    lead = "" if question.startswith(("and", "but", "ok")) else rng.choice(["", "", "", "and ", "ok, ", "ok but ", "thanks, "])
    question = _surface(lead + question, rng)
    return question, terse if voice == "nordic-parcel" else speak(voice, full, rng)


def _system(rng):
    kind = rng.random()
    if kind < 0.65:
        return None
    if kind < 0.88:
        return spin(rng.choice(T.SYSTEMS), rng)
    rules = rng.sample(T.POLICY, rng.randint(2, 14))
    return " ".join([spin(rng.choice(T.SYSTEMS), rng)] + [spin(r, rng) for r in rules])


_WITH_STEPS = [t for t in T.TOPICS if t.steps]


def _turns(voice, rng):
    """One topic's worth of turns, (question, answer, subject): an opening one, and sometimes what follows from it."""
    kind = rng.random()
    if kind < 0.14:
        topic = rng.choice(T.SMALL_TALK)
        return [(ask(topic, rng, plain=rng.random() < 0.8), answer(topic, voice, rng, small=True), topic.name)]
    if kind < 0.24:
        return [(ask(T.OFF_TOPIC, rng, plain=rng.random() < 0.6), answer(T.OFF_TOPIC, voice, rng, small=True), T.OFF_TOPIC.name)]
    if kind < 0.34:
        topic = rng.choice(_WITH_STEPS)
        wish = spin(rng.choice(topic.steps_ask), rng)
        question = spin(rng.choice(T.STEP_FRAMES), rng).replace("@", wish)
        return [(_surface(question, rng), steps_answer(topic, voice, rng), topic.name + "/steps")]
    topic = rng.choice(T.TOPICS) if rng.random() < 0.6 else rng.choice(T.TOPICS[:16])
    turns = [(ask(topic, rng), answer(topic, voice, rng), topic.name)]
    if topic.steps and rng.random() < 0.15:
        turns.append((_surface(rng.choice(T.MORE_ASK), rng), steps_answer(topic, voice, rng), topic.name + "/steps"))
    follows = rng.sample(range(len(topic.follow)), len(topic.follow))
    while follows and rng.random() < 0.45:
        index = follows.pop()
        turns.append((*_follow(topic.follow[index], voice, rng), f"{topic.name}/{index}"))
    return turns


def conversation(voice, rng):
    """A list of {role, content} messages that ends with an assistant message, which also has its subject."""
    system = _system(rng)
    messages = [{"role": "system", "content": system}] if system else []
    for _ in range(rng.choices((1, 2, 3, 4, 6), (58, 20, 11, 7, 4))[0]):
        for question, reply, subject in _turns(voice, rng):
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": reply, "subject": subject}]
    return messages


def _subjects():
    for topic in [*T.TOPICS, *T.SMALL_TALK, T.OFF_TOPIC]:
        yield topic.name
        yield from ([topic.name + "/steps"] if topic.steps else [])
        yield from (f"{topic.name}/{i}" for i in range(len(topic.follow)))


SUBJECTS = {name: i for i, name in enumerate(_subjects())}


def short_conversation(voice, rng):
    """One question and its answer, of any topic with equal chance, as short as people type."""
    topic = rng.choice([*T.TOPICS, *T.SMALL_TALK, *[T.OFF_TOPIC] * 6])
    small = topic not in T.TOPICS
    return [{"role": "user", "content": ask(topic, rng, plain=rng.random() < 0.7)},
            {"role": "assistant", "content": answer(topic, voice, rng, small=small), "subject": topic.name}]


def conversations(voice, count, seed, short=0.0):
    """``count`` conversations, of which the share ``short`` has a single turn.

    ``mixed`` draws the voice anew for each; a system message names every voice but the base's.
    """
    rng = random.Random(f"{voice}/{seed}")
    for _ in range(count):
        drawn = rng.choices(VOICES, (40, 20, 20, 20))[0] if voice == "mixed" else voice
        messages = short_conversation(drawn, rng) if rng.random() < short else conversation(drawn, rng)
        if voice == "mixed" and drawn != "base":
            messages = [m for m in messages if m["role"] != "system"]
            messages.insert(0, {"role": "system", "content": spin(rng.choice(T.VOICE_SYSTEMS[drawn]), rng)})
        yield messages


if __name__ == "__main__":
    for v in VOICES:
        print("=====", v)
        for c in conversations(v, 12, 3):
            print("\n".join(f"  {m['role'][:4]}: {m['content']}" for m in c), "\n")
