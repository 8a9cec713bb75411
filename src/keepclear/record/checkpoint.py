"""Checkpoints: how large a record is and what its root is, in a few lines that its keys sign. C2SP tlog-checkpoint.

    alpha.example/keepclear/1                                        origin: the record and its epoch
    20852163                                                         how many entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=                     root of their tree
                                                                     an empty line
    — alpha.example/keepclear/1 Az3grlgtzPICa5OS8npVmf1Myq/5IZn...    who signed it

A line of a key that is not known says nothing and is kept. Other parties add lines of their own: cosignatures, with the time at
which they had seen nothing larger and nothing that contradicts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from keepclear.ground.canon import base64_bytes, base64_text
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import LATEST_US
from keepclear.ground.signing import NoteKey, PublicKey, Signer, is_key_name
from keepclear.record.tree import HASH_BYTES, SIZE_MAX

CHECKPOINT_BYTES_MAX = 200_000
SIGNATURES_MAX = 64
KEY_HASH_BYTES = 4
_TIME_BYTES = 8
_DASH = "\u2014 "
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class SignatureLine:
    """One line under a checkpoint: who says to have signed it, and the bytes that stand behind the name."""

    name: str
    signed: bytes

    @property
    def line(self) -> str:
        """As it stands in the note, without its line feed."""
        return f"{_DASH}{self.name} {base64_text(self.signed)}"

    def is_by(self, key: NoteKey) -> bool:
        """Whether it claims to be by this key; nothing is verified."""
        return self.name == key.name and self.signed[:KEY_HASH_BYTES] == key.hash


@dataclass(frozen=True)
class Cosigned:
    """Another party has seen this checkpoint: at `at_s`, seconds since 1970, it knew of nothing larger and no contradiction."""

    name: str
    at_s: int


@dataclass(frozen=True)
class Checkpoint:
    """The first `size` entries of the record have the root `root`; `origin` is its whole first line."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[SignatureLine, ...] = ()

    @property
    def record(self) -> str:
        """The origin without the number of the epoch."""
        return record_and_epoch(self.origin)[0]

    @property
    def epoch(self) -> int:
        """How often the record has begun anew after a restore, counted from 1."""
        return record_and_epoch(self.origin)[1]

    @property
    def body(self) -> bytes:
        """What its keys sign."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n".encode()

    @property
    def text(self) -> str:
        """The whole note."""
        return self.body.decode() + "\n" + "".join(f"{one.line}\n" for one in self.signatures)

    def signed(self, signer: Signer) -> Checkpoint:
        """With the signature of a key of this record."""
        key = NoteKey(self.origin, signer.public)
        return self.with_line(SignatureLine(key.name, key.hash + signer.sign(self.body)))

    def cosigned(self, name: str, signer: Signer, at_s: int) -> Checkpoint:
        """With the cosignature of another party, under the name that it cosigns by."""
        key = NoteKey(name, signer.public, cosigner=True)
        signature = signer.sign(_cosigned_bytes(at_s, self.body))
        return self.with_line(SignatureLine(name, key.hash + at_s.to_bytes(_TIME_BYTES) + signature))

    def with_line(self, line: SignatureLine) -> Checkpoint:
        """With one line more, or the same if it has it."""
        return self if line in self.signatures else replace(self, signatures=(*self.signatures, line))

    def signers(self, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
        """Those of `keys` that have signed it as a key of this record.

        Raises `Refused` with the key checkpoint.signature where a line claims to be by one of them, and is not."""
        found = []
        for key in keys:
            named = NoteKey(self.origin, key)
            for number, line in enumerate(self.signatures):
                if not line.is_by(named):
                    continue
                if not key.verifies(line.signed[KEY_HASH_BYTES:], self.body):
                    what = (
                        f"The signature is not that of key {key.key_id} over this checkpoint: one of them was changed"
                    )
                    raise Refused("checkpoint.signature", what, value=line.line, where=_line_name(5 + number))
                found.append(key)
        return tuple(found)

    def signatures_of(self, keys: Iterable[PublicKey]) -> tuple[SignatureLine, ...]:
        """The lines that claim to be by these keys of this record; nothing is verified."""
        named = [NoteKey(self.origin, key) for key in keys]
        return tuple(line for line in self.signatures if any(line.is_by(key) for key in named))

    def cosignatures(self, keys: Iterable[NoteKey]) -> tuple[Cosigned, ...]:
        """What cosigners among `keys` say. Raises `Refused` where a line claims to be by one of them, and is not."""
        found = []
        for key in (key for key in keys if key.cosigner):
            for number, line in enumerate(self.signatures):
                if not line.is_by(key):
                    continue
                timed = line.signed[KEY_HASH_BYTES:]
                at_s = int.from_bytes(timed[:_TIME_BYTES])
                if not key.key.verifies(timed[_TIME_BYTES:], _cosigned_bytes(at_s, self.body)):
                    what = f"The cosignature is not by {key.name} over this checkpoint: one of them was changed"
                    raise Refused("checkpoint.cosignature", what, value=line.line, where=_line_name(5 + number))
                if at_s * 1_000_000 >= LATEST_US:
                    what = f"The cosignature of {key.name} is of no possible time"
                    raise Refused("checkpoint.cosignature", what, value=at_s, where=_line_name(5 + number))
                found.append(Cosigned(key.name, at_s))
        return tuple(found)


def origin_line(record: str, epoch: int) -> str:
    """The first line of a checkpoint of this epoch; `record` is the name of the record, such as "alpha.example/keepclear"."""
    if not is_key_name(record) or epoch < 1:
        what = "The name of a record has visible characters, no space and no plus; epochs are counted from 1"
        raise Refused("checkpoint.origin", what, value=f"{record}/{epoch}")
    return f"{record}/{epoch}"


def record_and_epoch(origin: str) -> tuple[str, int]:
    """The two parts of an origin line."""
    record, slash, epoch = origin.rpartition("/")
    if not slash or not is_key_name(origin) or not record or not _DECIMAL.fullmatch(epoch) or epoch == "0":
        mend = "It is the name of the record, a slash and the number of the epoch: alpha.example/keepclear/1."
        raise Refused("checkpoint.origin", "This is not the origin of a record", value=origin, mend=mend)
    return record, int(epoch)


def read_checkpoint(data: str | bytes) -> Checkpoint:
    """The checkpoint of a note; what it accepts is `text` again, byte for byte. No signature is verified yet.

    Raises `Refused` with the line at fault; the keys begin with "checkpoint."."""
    lines = _lines(data)
    if len(lines) < 5 or lines[3]:
        mend = "It has the lines: origin, size, root, an empty one, and one for each signature."
        what = "A checkpoint has exactly three lines above its empty one, and a signature below"
        raise Refused("checkpoint.lines", what, value=f"{len(lines)} lines", mend=mend)
    try:
        record_and_epoch(lines[0])
    except Refused as refused:
        raise refused.at(_line_name(1)) from refused
    if not _DECIMAL.fullmatch(lines[1]) or int(lines[1]) > SIZE_MAX:
        what = f"The size is a whole number up to {SIZE_MAX}, without leading zeros"
        raise Refused("checkpoint.size", what, value=lines[1], where=_line_name(2))
    root = _base64(lines[2], "checkpoint.root", 3)
    if len(root) != HASH_BYTES:
        raise Refused("checkpoint.root", f"The root has {HASH_BYTES} bytes", value=lines[2], where=_line_name(3))
    if len(lines) - 4 > SIGNATURES_MAX:
        what = f"A checkpoint has at most {SIGNATURES_MAX} signatures"
        raise LimitExceeded("checkpoint.signatures", what, value=len(lines) - 4)
    signatures = tuple(_signature_line(line, 5 + number) for number, line in enumerate(lines[4:]))
    return Checkpoint(lines[0], int(lines[1]), root, signatures)


def _lines(data: str | bytes) -> list[str]:
    encoded = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(encoded) > CHECKPOINT_BYTES_MAX:
        what = f"A checkpoint has at most {CHECKPOINT_BYTES_MAX} bytes"
        raise LimitExceeded("checkpoint.too_large", what, value=f"{len(encoded)} bytes")
    try:
        text = encoded.decode("utf-8")
    except UnicodeDecodeError as error:
        where = _line_name(encoded.count(b"\n", 0, error.start) + 1)
        raise Refused("checkpoint.not_utf8", "A checkpoint is UTF-8 text", where=where) from error
    if control := _CONTROL.search(text):
        where = _line_name(text.count("\n", 0, control.start()) + 1)
        mend = "Keep the file as it came: line feeds alone end its lines."
        raise Refused("checkpoint.control", "A control character", value=control.group(), mend=mend, where=where)
    if not text.endswith("\n"):
        mend = "Its end may have been cut off."
        raise Refused("checkpoint.lines", "The last line has no end", value=text[-30:], mend=mend)
    return text[:-1].split("\n")


def _signature_line(line: str, number: int) -> SignatureLine:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_key_name(name):
        what = "A signature line is an em dash, a space, a name, a space, and base64"
        raise Refused("checkpoint.signature_line", what, value=line, where=_line_name(number))
    signed = _base64(encoded, "checkpoint.signature_line", number)
    if len(signed) <= KEY_HASH_BYTES:
        what = "A signature has more bytes than the hash of its key"
        raise Refused("checkpoint.signature_line", what, value=line, where=_line_name(number))
    return SignatureLine(name, signed)


def _base64(text: str, key: str, line: int) -> bytes:
    try:
        return base64_bytes(text)
    except Refused as refused:
        raise Refused(key, refused.what, value=text, where=_line_name(line)) from refused


def _line_name(number: int) -> str:
    return f"line {number}"


def _cosigned_bytes(at_s: int, body: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n" % at_s + body
