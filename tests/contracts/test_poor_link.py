"""A notice over a poor link, 300 ms, 30 % loss and 2 kB/s each way: it arrives. And over a good one: it costs no more bytes than it must."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from keepclear.links.https import PATIENCE_S
from tests.poor_ends import commands
from tests.poor_link import PoorLink, Quality, why_not

WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"there can be no poor link here: {WHY_NOT}")

GOOD = Quality(delay_s=0.005, loss=0.0, bytes_per_s=1e6, queue_bytes=1_000_000)
# Of IP, TCP and TLS records, for one exchange.
WRAPPING_BYTES = 800
# Both sides agree on keys and show their certificates.
HANDSHAKE_BYTES = 2_100


@pytest.mark.promise("LINK-10")
def test_a_notice_arrives_over_a_poor_link_once_and_its_receipt_comes_back(tmp_path):
    def arrives(seed: int) -> None:
        with PoorLink(commands(tmp_path / str(seed), PATIENCE_S), seed) as link:
            assert (link.said(0), link.said(1)) == ({"open": True}, {"ready": True})
            link.tell(1, {"anew": True})
            told = link.said(1)
            assert told["begun"] < link.said(0)["came"] < told["done"]
            assert min(way.lost_bytes for way in link.ways) > 0, "the link was a poor one"

    with ThreadPoolExecutor() as pool:
        list(pool.map(arrives, (1, 3, 6)))


@pytest.mark.promise("LINK-10")
def test_a_notice_costs_little_more_than_its_own_bytes_and_those_of_the_answer(tmp_path):
    with PoorLink(commands(tmp_path, PATIENCE_S), 1, GOOD) as link:
        link.said(0), link.said(1)
        for anew, least in ((True, HANDSHAKE_BYTES), (False, 0), (False, 0), (True, HANDSHAKE_BYTES)):
            before = link.sent_bytes
            link.tell(1, {"anew": anew})
            told = link.said(1)
            cost = link.sent_bytes - before - told["packet_bytes"] - told["answer_bytes"]
            assert cost < least + WRAPPING_BYTES
