"""Encoding the vocabulary: msgpack for recordings and streams, JSON for people. Decoding is typed: junk raises."""

import msgspec

from cockpit.domain.actions import AnyAction
from cockpit.domain.commands import AnyCommand
from cockpit.domain.events import AnyEvent
from cockpit.domain.stream import LogFrame

Input = AnyEvent | AnyCommand
"""Everything that may enter the engine."""

_encoder = msgspec.msgpack.Encoder()
_event_decoder: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)
_command_decoder: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
_action_decoder: msgspec.msgpack.Decoder[AnyAction] = msgspec.msgpack.Decoder(AnyAction)
_log_frame_decoder: msgspec.msgpack.Decoder[LogFrame] = msgspec.msgpack.Decoder(LogFrame)


def encode(value: msgspec.Struct) -> bytes:
    """Any struct of the vocabulary as msgpack."""
    return _encoder.encode(value)


def decode_event(data: bytes) -> AnyEvent:
    """An event from msgpack. Raises `msgspec.DecodeError` on anything else."""
    return _event_decoder.decode(data)


def decode_command(data: bytes) -> AnyCommand:
    """A command from msgpack. Raises `msgspec.DecodeError` on anything else."""
    return _command_decoder.decode(data)


def decode_action(data: bytes) -> AnyAction:
    """An action from msgpack. Raises `msgspec.DecodeError` on anything else."""
    return _action_decoder.decode(data)


def decode_log_frame(data: bytes) -> LogFrame:
    """One entry of the log from msgpack. Raises `msgspec.DecodeError` on anything else."""
    return _log_frame_decoder.decode(data)
