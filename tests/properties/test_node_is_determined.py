"""The same events give the same node: cut by snapshots wherever you like, and in another process that hashes texts otherwise."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from keepclear.agreements.agreed_terms import AgreedChannel, AgreedTerms, Calls, Step, ZoneTerm
from keepclear.agreements.agreement import Resumption, Suspension
from keepclear.channel import messages, statements
from keepclear.channel.calls import Happened, Moment, StepTaken, StopForm
from keepclear.channel.carriage import Carriage
from keepclear.channel.links import Parcel, Taken
from keepclear.channel.measures import Measure
from keepclear.channel.messages import Marker, Message, Urgency, Words
from keepclear.channel.statements import Act, Statement
from keepclear.ground.errors import Refused
from keepclear.ground.hours import EVERY_DAY, Calendar, Hours, Times
from keepclear.ground.signing import seal
from keepclear.ground.written import written
from keepclear.host.bodies import body_of, event_of, packet_came
from keepclear.links.packets import HEAD_TYPE, Head
from keepclear.node import events as e
from keepclear.node.node import NODE, Node
from keepclear.parties.roster import FocalPoint, Handover, LineKind, Roster
from keepclear.parties.roster import Line as RosterLine
from tests.agreed import NAME, fact, proposal, signature, version
from tests.builders import at
from tests.couriers import Keys, taken
from tests.nodes import Given, agreed, watching

ROOT = Path(__file__).parents[2]
MINUTE_US = 60_000_000


def lived(seed: int, steps: int = 40) -> Given:
    """A node to which `steps` things have happened, or been refused."""
    chance, given = random.Random(seed), watching()
    given.feed("radar-2", silent_after_us=5 * MINUTE_US)
    for _ in range(steps):
        given.at_us += chance.randrange(3) * MINUTE_US
        try:
            _happen(chance, given)
        except Refused:
            continue
    return given


def _happen(chance: random.Random, given: Given) -> None:
    alerts = [alert.id for alert in given.node.side(False).alerts] or ["0.0"]
    match chance.randrange(11):
        case 0 | 1 | 2:
            rows = [
                {
                    "subject": f"Bravo {chance.randrange(5)}",
                    "seen": given.at_us - chance.choice([0, 0, 3, 70]) * MINUTE_US,
                    "km": chance.uniform(0, 20),
                }
                for _ in range(chance.randrange(1, 5))
            ]
            given.positions(*rows, feed=chance.choice(["ais-1", "radar-2"]))
        case 3:
            given.give(e.TimePassed())
        case 4:
            given.give(chance.choice([e.AlertAcknowledged, e.AlertCleared])(chance.choice(alerts), "seen"), by="otto")
        case 5:
            given.give(
                agreed(radius_km=chance.choice([8.0, 10.0, 12.0]), band_mm=chance.choice([0, 3_000_000])), by="petra"
            )
        case 8 | 9 | 10:
            _talk(chance, given)
        case _:
            given.give(_dealing(chance, given.at_us), by=chance.choice(["lena", "otto"]))


def _talk(chance: random.Random, given: Given) -> None:
    """Something of messages: a card, a peer, one of ours, one that came with a word about ours, a seal, an end of keys, a restore."""
    peer, at_us = chance.choice(["bravo", "charlie"]), given.at_us
    keys = Keys(peer)
    if peer not in given.node.talk.cards:
        given.give(taken(keys.card), by="admin")
        given.give(e.PeerJoined(peer, ("delta",)), by="admin")
    message = Message(
        f"{len(given.history):064x}", "alpha", peer, "otto", Marker.QUESTION, Urgency.SOON, Words("en", "Whose is it?"), at_us,
        at_us + chance.choice([2, 60]) * MINUTE_US,
    )  # fmt: skip
    match chance.randrange(5):
        case 0:
            given.give(e.MessageGiven(message.payload.decode()), by="otto")
        case 1:
            forms = [
                e.SealedForm(sha256(effect.payload).hexdigest(), sha256(effect.payload + b"sealed").hexdigest(), 100)
                for effect in given.node.talk.channel.effects_again()
            ]
            given.give(e.MessagesSealed(tuple(forms)))
        case 2 | 3:
            given.give(_packet(chance, given, keys))
        case _:
            ends: list[e.Event] = [
                e.CardEnded(peer, "lost"), e.EpochBegan(2, "alpha.example/keepclear", "restored", 1, "0" * 64),
            ]  # fmt: skip
            given.give(chance.choice(ends), by=chance.choice(["admin", NODE]))


def _packet(chance: random.Random, given: Given, keys: Keys) -> e.PacketCame:
    """What a peer hands over: a message of its own, or a word about the newest of ours."""
    peer, at_us, channel = keys.party, given.at_us, given.node.talk.channel
    ours = [thread for thread in channel.threads(0, 1000) if thread.message.to == peer]
    if ours and chance.random() < 0.5:
        said: Message | Statement = Statement(Act.NO_INFORMATION, peer, peer, ours[-1].id, at_us, person="duty officer")
        kind = statements.PAYLOAD_TYPE
    else:
        said = Message(
            f"{len(given.history):064x}", peer, "alpha", "boris", Marker.REQUEST, Urgency.NOW, Words("en", "Call us."), at_us,
            at_us + 60 * MINUTE_US, at_us + MINUTE_US,
        )  # fmt: skip
        kind = messages.PAYLOAD_TYPE
    envelope = seal(kind, said.payload, keys.signing.signer).text.decode()
    digest = sha256(envelope.encode()).hexdigest()
    outside = Carriage(peer, "alpha", digest, 100, at_us + 60 * MINUTE_US, Urgency.NOW, (peer,), 8)
    outbox = channel.outboxes[peer]
    word = None if not outbox.last else Taken(peer, "alpha", outbox.series, outbox.last, outbox._head)
    head = Head(peer, "alpha", 1, at_us, word, (Parcel(peer, "alpha", 1, channel.inboxes[peer].up_to + 1, outside),))
    return packet_came(head, seal(HEAD_TYPE, written(head), keys.signing.signer).text.decode(), {digest: envelope})


def _dealing(chance: random.Random, at_us: int) -> e.Event:
    """Something of an agreement with a call every ten minutes, of a roster with gaps, of calls or measures."""
    calls = Calls("line", (Times(EVERY_DAY, tuple(range(540, 600, 10))),), Calendar("UTC"), 2 * MINUTE_US)
    steps = (Step("deputy", "Call the deputy", MINUTE_US), Step("relay", "Ask Meridian"))
    terms = AgreedTerms(
        (), (calls,), (AgreedChannel("line", "the line"),), (), steps, (ZoneTerm("kestrel", "0" * 64, "the pass"),)
    )
    laid = version(terms=terms, until_us=chance.choice([None, at("09:35")]))
    of = chance.choice(["alpha", "bravo"])
    happened = chance.choice([Happened.UNANSWERED, Happened.ON_HOLD])
    noted = Moment(f"a{chance.randrange(3)}", happened, "alpha", "bravo", "alpha", "alpha", "Otto", "voice", at_us)
    hours = (Hours(EVERY_DAY, chance.randrange(1440), 1440),)
    focal = FocalPoint("desk", "duty officer", (RosterLine(LineKind.VOICE, "+000 100"),), (), hours, Calendar("UTC"))
    some: list[e.Event] = [
        *[e.AgreementFactStated(proposal(version=laid))] * 3,
        *[e.AgreementFactStated(signature(version=laid))] * 3,
        e.AgreementFactStated(structs.replace(fact(chance.choice([Suspension, Resumption]), of), at_us=at_us)),
        e.RosterSet(Roster(of, (focal,))),
        e.HandedOver(of, Handover("desk", "Basil", "Bela", at_us)),
        e.CallMomentNoted(noted),
        e.EscalationStepTaken(NAME, StepTaken("deputy", "Otto", at_us)),
        e.StopCalled(StopForm("Stop", "Otto", at_us)),
        e.MeasureTaken(Measure("call", of, "Harbour Aid", at_us, "the pass", "commander", "alpha", "Otto")),
    ]
    return chance.choice(some)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sets(st.integers(13, 55), max_size=4))
def test_a_node_that_is_packed_and_unpacked_on_the_way_is_the_same(seed, cuts):
    given = lived(seed)
    node = Node()
    told: list = []
    for number, (event, by, exercise, at_us) in enumerate(given.history):
        if number in cuts:
            node = Node.unpacked(node.packed())
        told += node.step(event, by=by, exercise=exercise, at_us=at_us).told
    assert node.digest() == given.node.digest()
    assert [one.line for one in told]


def test_another_process_that_hashes_texts_otherwise_comes_to_the_same_digest():
    histories = [lived(seed) for seed in range(4)]
    bodies = [
        [
            [e.kind_of(event), base64.b64encode(body_of(event)).decode(), by, exercise, at_us]
            for event, by, exercise, at_us in one.history
        ]
        for one in histories
    ]
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        done = subprocess.run(
            [sys.executable, __file__],
            input=json.dumps(bodies),
            capture_output=True,
            text=True,
            env=environ,
            check=True,
        )
        assert json.loads(done.stdout) == [one.node.digest() for one in histories]


def replayed(history: list[Any]) -> str:
    """The digest of a node that is given these bodies."""
    node = Node()
    for kind, body, by, exercise, at_us in history:
        node.step(event_of(kind, base64.b64decode(body)), by=by, exercise=exercise, at_us=at_us)
    return node.digest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps([replayed(history) for history in json.load(sys.stdin)]))
