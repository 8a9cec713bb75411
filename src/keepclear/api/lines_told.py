"""What was told between two instants, read from the record and bounded; who asks looks at each line by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from keepclear.api.desk import Desk
from keepclear.channel.channel import Channel
from keepclear.channel.facts import compared, matches
from keepclear.channel.statements import Act
from keepclear.node.effects import Told

LINES_PER_READ = 1_000


async def first_at(desk: Desk, at_us: int) -> int:
    """The sequence of the first entry that was made at this instant or later; the size of the record where none was."""
    low, high = 0, desk.node.sequence
    while low < high:
        middle = (low + high) // 2
        found = await desk.entries(middle, 1)
        if found and found[0].entry.at_us < at_us:
            low = middle + 1
        else:
            high = middle
    return low


async def told_between(desk: Desk, from_us: int, until_us: int) -> AsyncIterator[Told]:
    """Every line that was told from one instant up to another, it included, in the order of the record."""
    after = (await first_at(desk, from_us), -1)
    while found := await desk.told_after(*after, LINES_PER_READ):
        for told in found:
            if told.at_us > until_us:
                return
            yield told
        after = (found[-1].sequence, found[-1].index)


def with_its_message(said: Mapping[str, object], channel: Channel) -> Mapping[str, object]:
    """A line about a statement, or about how a message stands, with what the message is called by: from whom, to whom, its marker; and
    `differs` where what was read back is not what was said. Any other line as it is."""
    if said["event"] not in ("statement", "standing"):
        return said
    thread = channel.thread(str(said["message"]))
    message = thread.message
    direction = "out" if message.sender == channel.own else "in"
    named = {"direction": direction, "from": message.sender, "to": message.to, "marker": message.marker.value}
    if message.addressee:
        named["addressee"] = message.addressee
    kept = thread.statements.get(str(said.get("statement", "")))
    if kept is None or kept.statement.act is not Act.UNDERSTOOD:
        return {**said, **named}
    differs = not matches(compared(message.facts, kept.statement.facts))
    return {**said, **named, **({"differs": True} if differs else {})}
