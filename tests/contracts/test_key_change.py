"""A key of a node is changed, and whoever knew the old one can or cannot follow, as the reason says."""

from __future__ import annotations

import pytest

from keepclear.ground.errors import Refused
from keepclear.host.beginning import begin
from keepclear.host.config import read_config
from keepclear.host.key_files import read_key
from keepclear.host.standing_still import change_key
from keepclear.record.audit import audit_copy
from keepclear.record.checkpoint import Checkpoint, origin_line, read_checkpoint
from keepclear.record.keys import Trust
from keepclear.store.store import Store
from tests.records import BEGAN_US, RECORD


@pytest.fixture
def alpha(tmp_path):
    begun = begin(
        tmp_path / "alpha", party="alpha", party_name="Alpha", origin=RECORD, exercise=False, users=[], store="", passphrase=None,
        at_us=BEGAN_US,
    )  # fmt: skip
    return begun, read_config(begun.folder)


def findings_of_who_knows_the_old_key(begun, config, new):
    """What the audit says once the new key has signed."""
    with Store.open(config.store_url) as store:
        signer = read_key(config.keys_folder, new, None).signer
        newest = Checkpoint(origin_line(RECORD, 1), store.size(), store.root()).signed(signer)
        checkpoints = [*(read_checkpoint(one.note) for one in store.checkpoints()), newest]
        report = audit_copy(RECORD, store.stream(), checkpoints, Trust(named=(begun.key,)))
    return [finding.key for finding in report.findings]


@pytest.mark.parametrize("why", ["rotated", "revoked"])
def test_who_knows_the_old_key_follows_a_rotation_and_a_revocation(alpha, why):
    begun, config = alpha
    new, old = change_key(config, why=why, since_us=None, note="", passphrase=None, at_us=BEGAN_US + 1)
    assert old == begun.key.key.key_id
    assert findings_of_who_knows_the_old_key(begun, config, new) == []


@pytest.mark.parametrize("why", ["lost", "compromised"])
def test_nobody_follows_a_key_that_was_lost_or_compromised_by_the_record_alone(alpha, why):
    begun, config = alpha
    new, _ = change_key(config, why=why, since_us=None, note="", passphrase=None, at_us=BEGAN_US + 1)
    assert "record.key_not_vouched" in findings_of_who_knows_the_old_key(begun, config, new)


def test_an_old_key_that_does_not_open_is_noticed_before_anything_is_recorded(alpha):
    begun, config = alpha
    (config.keys_folder / f"{begun.key.key.key_id}.pem").unlink()
    with pytest.raises(Refused, match="cannot be read"):
        change_key(config, why="rotated", since_us=None, note="", passphrase=None, at_us=BEGAN_US + 1)
    with Store.open(config.store_url, writable=False) as store:
        assert [one.entry.kind for one in store.stream()].count("key_introduced") == 1
    assert change_key(config, why="lost", since_us=None, note="", passphrase=None, at_us=BEGAN_US + 1)[1]
