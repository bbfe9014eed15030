"""A client of the holdline bridge for Python 3.8+, one file, no dependencies.

    with BridgeClient("meter", epoch=saved.epoch, offset=saved.offset) as line:
        for event in line:
            if isinstance(event, Chunk):
                save(event.epoch, event.end, process(event.data))   # commit your state and the offset together
                line.ack(event.end)
            elif isinstance(event, Gap):
                log(f"{event.end - event.offset} bytes are missing")

It reconnects by itself and goes on at the byte where the connection broke; it never yields a byte twice and never skips one
without a Gap. One thread uses a client at a time. The protocol is written down in holdline's src/bridge/protocol.ts.
"""
import collections
import os
import select
import socket
import struct
import time
from typing import Deque, Iterator, List, NamedTuple, Optional, Tuple, Union

PROTOCOL_VERSION = 1
MAX_PAYLOAD = 65536
NO_EPOCH = "0" * 16
_HEADER = struct.Struct(">BIQ")
_HELLO, _ACK, _WRITE = 0x01, 0x02, 0x03
_WELCOME, _DATA, _GAP, _WACK, _EPOCH, _DOWN, _ERROR = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0xFF
_ERRORS = {1: "malformed", 2: "version", 3: "oversized", 4: "seat-taken", 5: "ack-future", 6: "write-gap", 7: "read-only",
           8: "from-future", 9: "slow", 10: "unexpected", 11: "shutting-down", 12: "upgrade-failed", 13: "no-space"}
_FINAL = {"malformed", "version", "oversized", "ack-future", "write-gap", "read-only", "from-future", "unexpected"}
_RETRY_FIRST_S, _RETRY_MAX_S, _SEAT_RETRIES = 0.005, 0.1, 6


class BridgeError(Exception):
    """`code` is one of the protocol's error names, or: closed, down, timeout."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


class Chunk(NamedTuple):
    epoch: str
    offset: int
    data: bytes

    @property
    def end(self) -> int:
        return self.offset + len(self.data)


class Gap(NamedTuple):
    """Bytes from `offset` to before `end` are lost."""
    epoch: str
    offset: int
    end: int


class EpochChange(NamedTuple):
    """The device was unplugged or the machine restarted: offsets begin anew."""
    previous: Optional[str]
    epoch: str
    offset: int
    accepted: int


class Down(NamedTuple):
    """The device has gone; writes behind `confirmed` are lost."""
    epoch: str
    head: int
    confirmed: int
    reason: str


Event = Union[Chunk, Gap, EpochChange, Down]


class BridgeClient:
    """`name` of the bridge, or the socket's `path`. `epoch` and `offset`: what your app has committed."""

    def __init__(self, name: Optional[str] = None, path: Optional[str] = None, role: str = "consumer", epoch: str = NO_EPOCH, offset: int = 0,
                 client: str = "python", reconnect: bool = True, timeout: Optional[float] = None):
        if path is None:
            if name is None:
                raise ValueError("give the bridge's name or the socket's path")
            path = os.path.join(os.environ.get("HOLDLINE_BRIDGE_DIR", "/run/holdline/bridge"), name + ".sock")
        self._path, self._role, self._client, self._reconnect = path, role, client.encode()[:64], reconnect
        self.epoch, self.position = epoch, offset
        self.accepted = 0       # where the next write goes
        self.confirmed = 0      # what the kernel's driver has taken
        self.down = False
        self.resumed = False
        self._socket: Optional[socket.socket] = None
        self._welcomed = False
        self._closed = False
        self._held = b""
        self._events: Deque[Event] = collections.deque()
        self._unaccepted: List[Tuple[int, bytes]] = []
        self._acked: Optional[Tuple[str, int]] = None
        self._retry, self._retry_at, self._seat_retries = _RETRY_FIRST_S, 0.0, _SEAT_RETRIES
        self._pump_until(lambda: self._welcomed, timeout)

    def __enter__(self) -> "BridgeClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        while True:
            event = self.read()
            if event is None:
                return
            yield event

    def fileno(self) -> int:
        """For select(): readable when read(timeout=0) may have something. Changes at a reconnection."""
        if self._socket is None:
            raise BridgeError("closed", "not connected now")
        return self._socket.fileno()

    def read(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None when the client is closed or the time is over."""
        try:
            self._pump_until(lambda: bool(self._events) or self._closed, timeout)
        except BridgeError as error:
            if error.code != "timeout":
                raise
        return self._events.popleft() if self._events else None

    def ack(self, offset: int, epoch: Optional[str] = None) -> None:
        """Everything before `offset` is committed by your app and may be forgotten."""
        self._must_be_consumer("acknowledge")
        self._acked = (epoch or self.epoch, offset)
        self._send(_ACK, offset, bytes.fromhex(self._acked[0]))

    def write(self, data: bytes, offset: Optional[int] = None, timeout: Optional[float] = None) -> int:
        """Returns the end offset once the driver has taken all. `offset` repeats a write you are not sure of: nothing is doubled."""
        self._must_be_consumer("write")
        if self.down:
            raise BridgeError("down", "cannot write: the line is down")
        epoch = self.epoch
        start = self.accepted_or_queued if offset is None else offset
        if start > self.accepted_or_queued:
            raise BridgeError("write-gap", f"cannot write at {start}: the next byte is {self.accepted_or_queued}")
        fresh = data[self.accepted_or_queued - start:]
        at = self.accepted_or_queued
        for index in range(0, len(fresh), MAX_PAYLOAD - 8):
            piece = bytes(fresh[index:index + MAX_PAYLOAD - 8])
            self._unaccepted.append((at + index, piece))
            self._send(_WRITE, at + index, bytes.fromhex(epoch) + piece)
        end = start + len(data)
        self._pump_until(lambda: self.epoch != epoch or self.down or self.confirmed >= end, timeout)
        if self.epoch != epoch or self.confirmed < end:
            raise BridgeError("down", f"cannot confirm the write: the line went down before byte {end}")
        return end

    def _must_be_consumer(self, what: str) -> None:
        if self._role != "consumer":
            raise BridgeError("read-only", f"cannot {what}: this client only observes")

    @property
    def accepted_or_queued(self) -> int:
        """The offset of the next write."""
        if not self._unaccepted:
            return self.accepted
        offset, piece = self._unaccepted[-1]
        return max(self.accepted, offset + len(piece))

    def close(self) -> None:
        self._closed = True
        self._disconnect()

    # -- the connection ------------------------------------------------------------------------------------------------

    def _pump_until(self, done, timeout: Optional[float]) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not done():
            if self._closed:
                raise BridgeError("closed", "the client is closed")
            left = None if deadline is None else deadline - time.monotonic()
            self._step(None if left is None else max(0.0, left))
            if left is not None and left <= 0 and not done():
                raise BridgeError("timeout", "no answer in time")

    def _step(self, left: Optional[float]) -> None:
        if self._socket is None:
            wait = self._retry_at - time.monotonic()
            if wait > 0:
                time.sleep(wait if left is None else max(0.0, min(wait, left)))
                return
            self._connect()
            return
        readable, _, _ = select.select([self._socket], [], [], left)
        if not readable:
            return
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            self._lost(str(error))
            return
        if data == b"":
            self._lost("the bridge closed the connection")
            return
        self._held += data
        self._take_frames()

    def _connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(self._path)
        except OSError as error:
            connection.close()
            self._lost(str(error))
            return
        self._socket, self._held = connection, b""
        role = 1 if self._role == "consumer" else 2
        self._send(_HELLO, self.position, b"HLBR" + bytes([PROTOCOL_VERSION, role]) + bytes.fromhex(self.epoch) + self._client)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _lost(self, reason: str) -> None:
        self._disconnect()
        if not self._reconnect:
            self._closed = True
            raise BridgeError("closed", f"cannot reach the bridge at {self._path}: {reason}")
        self._retry_at = time.monotonic() + self._retry
        self._retry = min(self._retry * 2, _RETRY_MAX_S)

    def _send(self, kind: int, offset: int, payload: bytes) -> None:
        if self._socket is None:
            return  # said again after the reconnection
        try:
            self._socket.sendall(_HEADER.pack(kind, len(payload), offset) + payload)
        except OSError as error:
            self._lost(str(error))

    def _take_frames(self) -> None:
        while len(self._held) >= _HEADER.size:
            kind, length, offset = _HEADER.unpack_from(self._held)
            if length > MAX_PAYLOAD:
                self._closed = True
                raise BridgeError("oversized", "the bridge speaks another protocol")
            if len(self._held) < _HEADER.size + length:
                return
            payload = self._held[_HEADER.size:_HEADER.size + length]
            self._held = self._held[_HEADER.size + length:]
            self._take(kind, offset, payload)

    def _take(self, kind: int, offset: int, payload: bytes) -> None:
        if kind == _DATA:
            self.position = offset + len(payload)
            self._events.append(Chunk(self.epoch, offset, payload))
        elif kind == _WACK:
            if payload[:8].hex() == self.epoch:
                self._settle(offset, struct.unpack(">Q", payload[8:16])[0])
        elif kind == _GAP:
            (end,) = struct.unpack(">Q", payload)
            self.position = end
            self._events.append(Gap(self.epoch, offset, end))
        elif kind == _EPOCH:
            accepted, confirmed = struct.unpack(">QQ", payload[8:24])
            self._enter(payload[:8].hex(), offset, accepted, confirmed)
        elif kind == _DOWN:
            (confirmed,) = struct.unpack(">Q", payload[8:16])
            self.down, self.confirmed = True, confirmed
            self._unaccepted.clear()
            self._events.append(Down(payload[:8].hex(), offset, confirmed, payload[16:].decode("utf-8", "replace")))
        elif kind == _WELCOME:
            self._welcome(offset, payload)
        elif kind == _ERROR:
            self._refused(struct.unpack(">H", payload[:2])[0], payload[2:].decode("utf-8", "replace"))

    def _settle(self, accepted: int, confirmed: int) -> None:
        self.accepted, self.confirmed = max(self.accepted, accepted), max(self.confirmed, confirmed)
        self._unaccepted = [(at, piece) for at, piece in self._unaccepted if at + len(piece) > accepted]

    def _enter(self, epoch: str, offset: int, accepted: int, confirmed: int) -> None:
        previous = None if self.epoch == NO_EPOCH else self.epoch
        self._unaccepted.clear()
        self.epoch, self.position, self.accepted, self.confirmed, self.down = epoch, offset, accepted, confirmed, False
        self._events.append(EpochChange(previous, epoch, offset, accepted))

    def _welcome(self, offset: int, payload: bytes) -> None:
        flags, epoch = payload[2], payload[4:12].hex()
        _head, _tail, accepted, confirmed = struct.unpack(">QQQQ", payload[12:44])
        self._retry, self._seat_retries = _RETRY_FIRST_S, _SEAT_RETRIES
        self.resumed, self.down, self._welcomed = bool(flags & 1), bool(flags & 2), True
        if epoch == NO_EPOCH:  # everything of ours was acknowledged, and the device is away; the next one comes as EPOCH
            self._unaccepted.clear()
            return
        if epoch != self.epoch:
            down = self.down
            self._enter(epoch, offset, accepted, confirmed)
            self.down = down
        self.position = offset
        self._settle(accepted, confirmed)
        if self._acked is not None and self._acked[0] == epoch:
            self._send(_ACK, self._acked[1], bytes.fromhex(epoch))
        for at, piece in list(self._unaccepted):
            self._send(_WRITE, at, bytes.fromhex(epoch) + piece)

    def _refused(self, number: int, message: str) -> None:
        code = _ERRORS.get(number, "unexpected")
        if code == "seat-taken":
            self._seat_retries -= 1
        if code in _FINAL or (code == "seat-taken" and self._seat_retries <= 0):
            self.close()
            raise BridgeError(code, f"cannot go on with the bridge: {message}")
