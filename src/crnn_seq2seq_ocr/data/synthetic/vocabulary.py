"""What shops, streets and papers write besides ordinary words: short lists, and invented figures and codes."""

import string
from collections.abc import Sequence

import numpy as np

SHOPS = (
    "sale", "exit", "open", "closed", "hotel", "bank", "cafe", "café", "restaurant", "bar", "pizza", "books", "market",
    "store", "shop", "parking", "park", "house", "street", "road", "avenue", "city", "center", "centre", "station",
    "police", "school", "college", "university", "library", "museum", "theatre", "theater", "cinema", "pharmacy",
    "pharmacie", "boulangerie", "pâtisserie", "boucherie", "tabac", "presse", "coiffeur", "coiffure", "fleuriste",
    "épicerie", "brasserie", "crêperie", "bistrot", "traiteur", "fromagerie", "librairie", "papeterie", "banque",
    "poste", "mairie", "gare", "métro", "hôpital", "clinique", "garage", "entrée", "sortie", "ouvert", "fermé",
    "poussez", "tirez", "interdit", "stationnement", "gênant", "livraisons", "soldes", "promo", "nouveau", "gratuit",
    "attention", "danger", "chien", "privé", "propriété", "défense", "afficher", "rue", "place", "boulevard", "quai",
    "pont", "église", "château", "musée", "école", "collège", "lycée", "théâtre", "toilettes", "hommes", "femmes",
    "accueil", "caisse", "bienvenue", "merci", "menu", "plat", "jour", "formule", "dessert", "grand", "petit", "super",
    "maxi", "express", "service", "services", "rapid", "quality", "fresh", "food", "coffee", "tea", "beer", "wine",
    "grill", "kitchen", "sushi", "burger", "chicken", "fish", "steak", "noodles", "bakery", "cake", "cream", "ice",
    "juice", "water", "free", "special", "offer", "discount", "price", "new", "best", "buy", "now", "only", "today",
    "off", "save", "up", "mega", "big", "stop", "push", "pull", "caution", "warning", "private", "no", "smoking",
    "entry", "emergency", "fire", "way", "out", "floor", "level", "lift", "stairs", "gate", "platform", "taxi", "bus",
    "tram", "train", "airport", "terminal", "departures", "arrivals", "information", "tickets", "ticket", "office",
    "welcome", "home", "garden", "travel", "mobile", "digital", "phone", "camera", "computer", "computers",
    "electronics", "fashion", "shoes", "jeans", "wear", "sport", "sports", "fitness", "beauty", "salon", "hair",
    "nails", "spa", "health", "dental", "clinic", "doctor", "optical", "jewellery", "jewelry", "gold", "silver",
    "watch", "watches", "toys", "kids", "baby", "pets", "gifts", "cards", "flowers", "music", "video", "games", "art",
    "gallery", "antiques", "furniture", "carpets", "tiles", "paints", "hardware", "tools", "auto", "tyres", "motors",
    "car", "cars", "wash", "insurance", "finance", "loans", "cash", "exchange", "money", "credit", "estate", "realty",
    "law", "legal", "notaire", "immobilier", "agence", "assurance", "voyages", "optique", "bijouterie", "horlogerie",
    "chaussures", "vêtements", "maroquinerie", "électricité", "plomberie", "chauffage", "peinture", "menuiserie",
    "serrurerie", "quincaillerie", "bricolage", "jardinerie", "animalerie", "primeurs", "poissonnerie", "charcuterie",
    "chocolat", "glaces", "confiserie", "vins", "spiritueux", "cave", "crémerie", "pressing", "laverie", "cordonnerie",
    "retouches", "mercerie", "tapis", "meubles", "the", "of", "and", "for", "to", "in", "on", "at", "by", "with",
    "from", "your", "our", "all", "you", "we", "are", "is", "it", "not", "north", "south", "east", "west", "upper",
    "lower", "company", "limited", "international", "global", "group", "industries", "brothers", "sons", "association",
    "society", "institute", "national", "royal", "state", "federal", "county", "village", "town", "plaza", "square",
    "tower", "towers", "mall", "palace", "crown", "star", "sun", "moon", "blue", "red", "green", "black", "white",
    "golden", "happy", "lucky", "family", "friends", "club", "lounge", "pub", "inn", "lodge", "suites", "resort",
    "beach", "island", "lake", "river", "mountain", "valley", "hill", "forest", "king", "queen", "prince", "princess",
    "lion", "tiger", "eagle", "dragon", "phoenix", "dolphin",
)
"""Words of signs, in small letters."""

_CONSONANTS = ("b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "qu", "r", "s", "t", "v", "w", "x", "z",
               "br", "ch", "cl", "cr", "dr", "fl", "gr", "pl", "pr", "sh", "sp", "st", "th", "tr", "ph", "gn", "ll")
_VOWELS = ("a", "e", "i", "o", "u", "y", "a", "e", "i", "o", "u", "ai", "ea", "ee", "ou", "oo", "io", "é", "è", "au",
           "ie")
_ENDS = ("", "", "", "n", "s", "t", "r", "x", "l", "ck", "ng", "nd", "rt", "m", "d", "tion", "ment", "er", "ing", "co")

_CURRENCIES = ("$", "£", "€", "Rs. ", "Rs", "S$", "F ", "")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec", "janvier", "février",
           "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")
_UNITS = ("km", "kg", "cm", "mm", "m", "ml", "cl", "L", "g", "W", "V", "kV", "°C", "°", "%", "x", "th", "nd", "rd",
          "er", "e", "ème", "h", "am", "pm", "GB", "MB", "Hz", "MHz", "K", "F", "€", "mph", "km/h", "hrs", "min")
_DOMAINS = (".com", ".fr", ".org", ".net", ".co.uk", ".sg", ".com.sg", ".eu", ".info", ".ca", ".be")


def one(items: Sequence[str], rng: np.random.Generator) -> str:
    """One of the items, all equally likely."""
    return items[int(rng.random() * len(items))]


def pseudo_word(rng: np.random.Generator) -> str:
    """Syllables that could be a brand: ``Grelou``, ``plaise``."""
    word = "".join(one(_CONSONANTS, rng) + one(_VOWELS, rng) for _ in range(int(rng.integers(1, 4)))) + one(_ENDS, rng)
    if rng.random() < 0.3:
        word = one(_VOWELS, rng) + word
    return word


def figures(rng: np.random.Generator) -> str:
    """Make up a number, price, date, time, telephone number, percentage or measure."""
    kinds = (_number, _number, _number, _number, _price, _date, _time, _telephone, _percentage, _measure, _span)
    return kinds[int(rng.random() * len(kinds))](rng)


def code(rng: np.random.Generator) -> str:
    """Make up a number plate, a room, a model, initials, or an address on the web."""
    kinds = (_plate, _room, _room, _initials, _web, _model)
    return kinds[int(rng.random() * len(kinds))](rng)


def random_text(rng: np.random.Generator, characters: str) -> str:
    """Any of the characters in any order, without spaces at the ends."""
    count = 1 + int(rng.gamma(2.0, 2.2))
    return "".join(one(characters, rng) for _ in range(min(count, 20))).strip() or one(characters[1:], rng)


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def _letters(rng: np.random.Generator, count: int) -> str:
    return "".join(one(string.ascii_uppercase, rng) for _ in range(count))


def _number(rng: np.random.Generator) -> str:
    number = _digits(rng, int(rng.integers(1, 7)))
    return f"{number[:-3]},{number[-3:]}" if len(number) > 3 and rng.random() < 0.2 else number


def _price(rng: np.random.Generator) -> str:
    amount = f"{int(10 ** rng.uniform(0, 3.3))}{one(('', '.', '.', ','), rng)}"
    amount += f"{one(('00', '50', '99', '95', '90', '80'), rng)}" if amount[-1] in ".," else ""
    if rng.random() < 0.3:
        return amount + one(("€", " €", "F", "$", "£"), rng)
    return one(_CURRENCIES, rng) + amount + one(("", "", "/-", "*"), rng)


def _date(rng: np.random.Generator) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1850, 2030))
    draw = rng.random()
    if draw < 0.4:
        return str(year)
    if draw < 0.7:
        mark = one(("/", ".", "-"), rng)
        return f"{day:02d}{mark}{month:02d}{mark}{year if rng.random() < 0.5 else year % 100:02d}"
    return f"{day} {one(_MONTHS, rng)}" + (f" {year}" if rng.random() < 0.5 else "")


def _time(rng: np.random.Generator) -> str:
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 12)) * 5
    draw = rng.random()
    if draw < 0.4:
        return f"{hour:02d}:{minute:02d}"
    if draw < 0.7:
        return f"{hour}h{minute:02d}" if rng.random() < 0.6 else f"{hour}h"
    minutes = one(("", f".{minute:02d}", f":{minute:02d}"), rng)
    return f"{hour % 12 + 1}{minutes}{one(('am', 'pm', ' AM', ' PM', 'AM'), rng)}"


def _telephone(rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.35:
        mark = one((" ", ".", "-", ""), rng)
        return "0" + mark.join([str(rng.integers(1, 10)), *(_digits(rng, 2) for _ in range(4))])
    if draw < 0.7:
        return f"{_digits(rng, 3)}{one(('-', ' ', '.'), rng)}{_digits(rng, 4)}"
    return f"{_digits(rng, 4)}{one((' ', '-', ''), rng)}{_digits(rng, 4)}"


def _percentage(rng: np.random.Generator) -> str:
    return one(("", "", "-", "+"), rng) + f"{int(rng.integers(1, 101))}" + one(("%", "%", " %", "%*"), rng)


def _measure(rng: np.random.Generator) -> str:
    return f"{int(10 ** rng.uniform(0, 3))}{one(('', '', ' '), rng)}{one(_UNITS, rng)}"


def _span(rng: np.random.Generator) -> str:
    first, gap = int(rng.integers(1, 200)), int(rng.integers(1, 60))
    return f"{one(('', '', '#', 'N°', 'No. '), rng)}{first}{one(('-', ' - ', '/', '&', '+', '='), rng)}{first + gap}"


def _plate(rng: np.random.Generator) -> str:
    mark = one(("-", " ", ""), rng)
    if rng.random() < 0.5:
        return mark.join((_letters(rng, 2), _digits(rng, 3), _letters(rng, 2)))
    return mark.join((_letters(rng, 3), _digits(rng, 4)))


def _room(rng: np.random.Generator) -> str:
    mark = one(("", "", "-", "."), rng)
    return _letters(rng, 1 + int(rng.random() < 0.3)) + mark + _digits(rng, int(rng.integers(1, 4)))


def _initials(rng: np.random.Generator) -> str:
    letters = _letters(rng, int(rng.integers(2, 5)))
    return letters if rng.random() < 0.5 else one((".", "&", ". "), rng).join(letters[:3]) + one((".", ""), rng)


def _model(rng: np.random.Generator) -> str:
    parts = [_letters(rng, int(rng.integers(1, 4))), _digits(rng, int(rng.integers(1, 5)))]
    return one(("", "-", " ", "/"), rng).join(parts) + (_letters(rng, 1) if rng.random() < 0.3 else "")


def _web(rng: np.random.Generator) -> str:
    name = pseudo_word(rng) if rng.random() < 0.5 else one(SHOPS, rng)
    draw = rng.random()
    if draw < 0.15:
        return f"{name}@{pseudo_word(rng)}{one(_DOMAINS, rng)}"
    start = "" if draw < 0.45 else "www." if draw < 0.9 else "http://"
    return start + name + one(_DOMAINS, rng)
