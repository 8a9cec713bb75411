"""Drafts of messages: the values that matter filled into a text, in three languages, and the same values as facts.

    draft = draft_of_alert(alert, points, zones)
    message = given(draft, author="ada", ...)             a person gives it; before that it is nothing that could go

A place stands in three notations and measured from the nearest named points, a time in UTC and in the zones of both sides, always with
its date. What the text says and what the facts say is one value, so a draft passes its own checks (`channel.checks`). The Arabic and the
Russian text are those of the template: nobody has compared them with what is filled in, and the message says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from keepclear.channel.checks import BEGINS, GO_TO, ZONE_CENTRE
from keepclear.channel.facts import Count, Fact, Place, Time, Word
from keepclear.channel.messages import About, Marker, Message, Translation, Urgency, Words, checked
from keepclear.geo.earth import E7, inverse
from keepclear.geo.notations import notations
from keepclear.geo.places import NamedPoint, Notation
from keepclear.ground.errors import Refused
from keepclear.ground.instants import EPOCH, MICROSECOND, zone_named

TEMPLATE_TRANSLATOR = "template of Keepclear"
NEAREST = 2
# Nearer than this a bearing says nothing.
BEARING_FROM_M = 200.0
_MINUTE_US = 60_000_000
_IN_THREE = (Notation.DECIMAL, Notation.DMS, Notation.MGRS)
# How far and where from, in each language.
_FROM = {"en": ("km", "from"), "ru": ("км", "от"), "ar": ("كم", "من")}

_SEEN = {
    "en": "Seen in {zone} or near it. How many: {count}. Place: {place}. Time: {seen_at}.",
    "ru": "Замечено в зоне {zone} или рядом с ней. Сколько: {count}. Место: {place}. Время: {seen_at}.",
    "ar": "شوهد في منطقة {zone} أو قربها. العدد: {count}. المكان: {place}. الوقت: {seen_at}.",
}
_RIGHT_TO_LEFT = frozenset({"ar"})
_NOT_COUNTED = {"en": "not known", "ru": "неизвестно", "ar": "غير معروف"}
_THEIRS = {"en": "We take them to be yours.", "ru": "Полагаем, что это ваши.", "ar": "نعتقد أنهم من طرفكم."}
_GOING = {"en": "Going towards {course}.", "ru": "Движутся курсом {course}.", "ar": "يتجهون نحو {course}."}
_GOING_AT = {
    "en": "Going towards {course} at about {speed} km/h.",
    "ru": "Движутся курсом {course}, около {speed} км/ч.",
    "ar": "يتجهون نحو {course} بسرعة {speed} كم/س تقريبًا.",
}
_AGREED = {"en": "Agreement: {agreement}.", "ru": "Соглашение: {agreement}.", "ar": "الاتفاق: {agreement}."}
_ASKED = {
    "en": "If they are yours, we ask you to have them keep clear of {zone}, and to tell us what they intend.",
    "ru": "Если это ваши, просим держать их в стороне от зоны {zone} и сообщить нам их намерения.",
    "ar": "إن كانوا من طرفكم فنطلب إبعادهم عن منطقة {zone} وإبلاغنا بما ينوون.",
}
_LEAVE = {
    "en": "We ask you to leave {zone}. From: {leave}. To: {go_to}. Until: {by}.",
    "ru": "Просим покинуть зону {zone}. Откуда: {leave}. Куда: {go_to}. Срок: {by}.",
    "ar": "نطلب منكم مغادرة منطقة {zone}. من: {leave}. إلى: {go_to}. حتى: {by}.",
}
_ACTIVITY = {
    "en": "We intend: {activity}. Place: {place}. From: {begins}. Until: {ends}.",
    "ru": "Мы намерены: {activity}. Место: {place}. С: {begins}. До: {ends}.",
    "ar": "ننوي: {activity}. المكان: {place}. من: {begins}. حتى: {ends}.",
}
# A sentence with places to be filled, by language.
_Sentence = Mapping[str, str]


class Draft(NamedTuple):
    """What a message might say. It has no author, no bytes and no id, and nothing that carries messages takes it.

    template  the name of the template
    texts     by language"""

    template: str
    marker: Marker
    urgency: Urgency
    about: About
    texts: Mapping[str, str]
    facts: tuple[Fact, ...]


class AlertSeen(NamedTuple):
    """What an alert says: its id, the name of its zone and where the middle of that is (None: it has none), and what was seen.

    is_theirs  this party takes them to be of the party that the message is for at last
    course     where they go, whole degrees; None: nobody reported it
    speed_kmh  how fast, by the same report
    agreement  that names the zone, between this party and the other; "": there is none

    What the feeds and sources call them is not in it: it says who looks, and how."""

    alert: str
    zone: str
    place: Place
    at_us: int
    how_many: Count | None = None
    centre: Place | None = None
    urgency: Urgency = Urgency.SOON
    is_theirs: bool = False
    course: int | None = None
    speed_kmh: int | None = None
    agreement: str = ""


def draft_of_alert(alert: AlertSeen, points: Iterable[NamedPoint], zones: tuple[str, str]) -> Draft:
    """A warning made from an alert: what was seen, where, when, where it goes, by which agreement that matters, and what is asked."""
    near = tuple(points)
    seen, seen_at = _named(alert.place, "seen"), _time("seen_at", alert.at_us, zones)
    facts: list[Fact] = [Word("zone", alert.zone), seen, seen_at]
    if alert.how_many is not None:
        facts.append(Count("count", alert.how_many.low, alert.how_many.high, alert.how_many.as_entered))
    facts += _centre(alert.centre, alert.zone)
    values = {
        language: {
            "zone": alert.zone,
            "count": _NOT_COUNTED[language] if alert.how_many is None else _in_order(counted(alert.how_many), language),
            "place": place_text(seen, near, language),
            "seen_at": time_text(seen_at.at_us, zones, language),
            "course": "" if alert.course is None else _in_order(f"{alert.course % 360:03d}°", language),
            "speed": alert.speed_kmh,
            "agreement": alert.agreement,
        }
        for language in _SEEN
    }
    texts = _filled(_sentences(alert), values)
    return Draft("seen", Marker.WARNING, alert.urgency, About("alert", alert.alert), texts, tuple(facts))


def _sentences(alert: AlertSeen) -> Iterator[_Sentence]:
    yield _SEEN
    if alert.is_theirs:
        yield _THEIRS
    if alert.course is not None:
        yield _GOING if alert.speed_kmh is None else _GOING_AT
    if alert.agreement:
        yield _AGREED
    yield _ASKED


def draft_to_leave(
    zone: str,
    leave: Place,
    go_to: Place,
    by_us: int,
    points: Iterable[NamedPoint],
    zones: tuple[str, str],
    *,
    zone_id: str = "",
    centre: Place | None = None,
) -> Draft:
    """A request to go from one place to another, and until when."""
    near = tuple(points)
    away, towards, by = _named(leave, "leave"), _named(go_to, GO_TO), _time("by", by_us, zones)
    values = {
        language: {
            "zone": zone,
            "leave": place_text(away, near, language),
            "go_to": place_text(towards, near, language),
            "by": time_text(by.at_us, zones, language),
        }
        for language in _LEAVE
    }
    about = About("zone", zone_id) if zone_id else About()
    facts: list[Fact] = [Word("zone", zone), away, towards, by, *_centre(centre, zone)]
    return Draft("leave", Marker.REQUEST, Urgency.SOON, about, _filled([_LEAVE], values), tuple(facts))


def draft_of_activity(
    activity: Mapping[str, str],
    place: Place,
    from_us: int,
    until_us: int,
    points: Iterable[NamedPoint],
    zones: tuple[str, str],
) -> Draft:
    """A notice of what this side is about to do; `activity` has its words by language, and only those languages are written."""
    near = tuple(points)
    unknown = sorted(activity.keys() - _ACTIVITY.keys())
    if unknown or not activity:
        mend = f"Give it in one or more of {', '.join(_ACTIVITY)}."
        raise Refused("draft.language", "There is no text in that language", value=", ".join(unknown), mend=mend)
    where, begins, ends = _named(place, "place"), _time(BEGINS, from_us, zones), _time("until", until_us, zones)
    values = {
        language: {
            "activity": words,
            "place": place_text(where, near, language),
            "begins": time_text(begins.at_us, zones, language),
            "ends": time_text(ends.at_us, zones, language),
        }
        for language, words in activity.items()
    }
    texts = _filled([_ACTIVITY], values)
    return Draft("activity", Marker.INTENTION, Urgency.ROUTINE, About(), texts, (where, begins, ends))


def given(
    draft: Draft,
    *,
    author: str,
    sender: str,
    to: str,
    salt: str,
    written_at_us: int,
    valid_until_us: int,
    language: str = "en",
    reply_due_us: int | None = None,
    addressee: str = "",
    translated_by: Mapping[str, str] | None = None,
    exercise: bool = False,
) -> Message:
    """The message that a named person makes of a draft; raises `Refused` as for any message.

    language       of the original; every other text goes as a translation
    translated_by  by language, who made a text instead of the template"""
    if language not in draft.texts:
        mend = f"It has {', '.join(draft.texts)}."
        raise Refused("draft.language", "The draft has no text in that language", value=language, mend=mend)
    translations = tuple(
        Translation(other, text, (translated_by or {}).get(other, TEMPLATE_TRANSLATOR))
        for other, text in draft.texts.items()
        if other != language
    )
    return checked(
        Message(
            salt, sender, to, author, draft.marker, draft.urgency, Words(language, draft.texts[language]), written_at_us, valid_until_us,
            reply_due_us, draft.about, draft.facts, translations, addressee=addressee, exercise=exercise,
        )
    )  # fmt: skip


# --- values in words ---


def place_text(place: Place, points: Iterable[NamedPoint], language: str) -> str:
    """A place in three notations and from the nearest named points: `33.50583N 38.61778E = ... (27.4 km 290° from the name)`."""
    lat, lon = place.lat_e7 / E7, place.lon_e7 / E7
    written = notations(lat, lon, max(place.accuracy_mm, 1) / 1000)
    shown = _in_order(" = ".join(written[notation] for notation in _IN_THREE), language)
    called = f"{place.called}, " if place.called else ""
    from_points = "; ".join(measured(lat, lon, points, language))
    return f"{called}{shown} ({from_points})" if from_points else f"{called}{shown}"


def measured(lat: float, lon: float, points: Iterable[NamedPoint], language: str) -> list[str]:
    """How far and where from the nearest named points: `27.4 km 290° from Kestrel post`. A point too near for a bearing is left out."""
    unit, link = _FROM[language]
    found = []
    for point in points:
        length_m, azimuth_deg = (float(value) for value in inverse(point.lat, point.lon, lat, lon))
        if length_m >= BEARING_FROM_M:
            found.append(
                (length_m, f"{length_m / 1000:.1f} {unit} {round(azimuth_deg) % 360:03d}° {link} {point.name}")
            )
    return [text for _, text in sorted(found)[:NEAREST]]


def _in_order(value: str, language: str) -> str:
    """The value so that it is read from left to right within text of a language that is not: between two plain marks of direction."""
    return f"\u200e{value}\u200e" if language in _RIGHT_TO_LEFT else value


def time_text(at_us: int, zones: Iterable[str], language: str) -> str:
    """An instant in UTC and in these zones, each with its date and offset, for text in this language; zones that show the same stand once."""
    moment = EPOCH + at_us * MICROSECOND
    shown = [f"{moment:%Y-%m-%d %H:%M} UTC"]
    for zone in zones:
        local = moment.astimezone(zone_named(zone))
        if local.utcoffset():
            shown.append(f"{local:%Y-%m-%d %H:%M} {local.isoformat()[-6:]}")
    return _in_order(" = ".join(dict.fromkeys(shown)), language)


def counted(count: Count | None) -> str:
    """A count in digits: `27`, `10-14`, `60+`; `?` where nobody counted."""
    if count is None:
        return "?"
    if count.high is None:
        return f"{count.low}+"
    return f"{count.low}" if count.low == count.high else f"{count.low}-{count.high}"


def _filled(sentences: Iterable[_Sentence], values: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The text in each language of the values; one sentence follows the other."""
    chosen = tuple(sentences)
    return {
        language: " ".join(sentence[language].format(**filled) for sentence in chosen)
        for language, filled in values.items()
    }


def _named(place: Place, name: str) -> Place:
    return Place(name, place.lat_e7, place.lon_e7, place.accuracy_mm, place.as_entered, place.called)


def _centre(centre: Place | None, zone: str) -> list[Fact]:
    if centre is None:
        return []
    return [Place(ZONE_CENTRE, centre.lat_e7, centre.lon_e7, centre.accuracy_mm, centre.as_entered, zone)]


def _time(name: str, at_us: int, zones: tuple[str, str]) -> Time:
    """Whole minutes, as the text says them: what is read back from it is the same."""
    return Time(name, at_us - at_us % _MINUTE_US, zones[0])
