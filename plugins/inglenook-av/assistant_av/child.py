"""The program that decodes or encodes: sound comes on standard input and goes to standard output.

    child.py decode MEMORY PROCESSOR SECONDS      a file, whole  ->  16 kHz mono, 16-bit
    child.py encode MEMORY PROCESSOR FORMAT RATE  16-bit mono    ->  a file, as it grows

FFmpeg reads what strangers send. So nothing can be opened from the moment on at which it is loaded: there are no more
descriptors, whatever a file refers to; and memory and processor time are bounded by the kernel. It is run by its path,
in isolated mode, and imports nothing of the assistant. What went wrong is its exit status.
"""

import io
import resource
import sys
from collections.abc import Iterator
from typing import IO, NoReturn, cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError

UNKNOWN, TOO_LONG, DAMAGED = 10, 11, 12
"""Exit statuses."""

_CONTAINERS = "mp3,flac,ogg,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,wav,aac"
"""Formats that are read; playlists and others that name further files are not among them."""
_CODECS = (
    "mp3,mp3float,flac,opus,libopus,vorbis,aac,alac,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,"
    "pcm_u8,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav"
)
"""Codecs that are read."""
_RATES = range(4_000, 384_001)
_CHANNELS = 8
_SPEECH = 16_000
_ENCODERS = {
    "mp3": ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}, 64_000),
    "opus": ("ogg", "libopus", {"page_duration": "200000"}, 32_000),
    "aac": ("adts", "aac", {}, 64_000),
    "flac": ("flac", "flac", {}, 0),
}
"""For each format that is written: the container, the codec, the container's options, bits a second."""
_PIECE = 9_600
"""Bytes that are encoded at once: 0.2 s of 24 kHz."""


def _confine(memory: int, processor: int) -> None:
    """Let this process have so many megabytes and seconds, and nothing that it has not got yet."""
    resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
    for nothing in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(nothing, (0, 0))


def _no_more_files(url: str, flags: int, options: object) -> NoReturn:
    raise PermissionError(url)


def decode(data: bytes, out: IO[bytes], most: float) -> int:
    """Write the sound of a file; return the exit status."""
    options = {"format_whitelist": _CONTAINERS, "codec_whitelist": _CODECS, "protocol_whitelist": ""}
    try:
        container = av.open(io.BytesIO(data), "r", container_options=options, io_open=_no_more_files)
    except (FFmpegError, ValueError, OSError):
        return UNKNOWN
    with container:
        if not container.streams.audio:
            return UNKNOWN
        if container.duration is not None and container.duration / av.time_base > most:
            return TOO_LONG
        stream = container.streams.audio[0]
        stream.codec_context.thread_type = "NONE"
        resampler = AudioResampler(format="s16", layout="mono", rate=_SPEECH)
        seconds, written = 0.0, 0
        try:
            for frame in container.decode(stream):
                if frame.sample_rate not in _RATES or frame.layout.nb_channels > _CHANNELS:
                    return DAMAGED
                seconds += frame.samples / frame.sample_rate
                if seconds > most:
                    return TOO_LONG
                written += _write(resampler.resample(frame), out)
        except (FFmpegError, ValueError):
            pass  # a file that is cut off is used as far as it goes
        if written:
            _write(resampler.resample(None), out)
        return 0 if written else DAMAGED


def _write(frames: list[AudioFrame], out: IO[bytes]) -> int:
    for frame in frames:
        out.write(bytes(frame.planes[0])[: frame.samples * 2])
    return sum(frame.samples for frame in frames)


def encode(source: IO[bytes], out: IO[bytes], form: str, rate: int) -> int:
    """Write the file of what is read; return the exit status."""
    kind, codec, options, bits = _ENCODERS[form]
    with av.open(_Pipe(out), "w", format=kind, container_options=options | {"flush_packets": "1"}) as container:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate, layout="mono"))
        if bits:
            stream.bit_rate = bits
        stream.codec_context.thread_type = "NONE"
        samples = 0
        for piece in _pieces(source):
            frame = AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
            frame.planes[0].update(piece.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate, frame.pts = rate, samples
            samples += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return 0


class _Pipe:
    """Standard output, as PyAV takes it: what was written cannot be gone back to."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, data: bytes) -> int:
        self._out.write(data)
        self._out.flush()
        return len(data)


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while piece := source.read1(_PIECE):  # type: ignore[attr-defined]
        piece = rest + piece
        whole = len(piece) // 2 * 2
        if whole:
            yield piece[:whole]
        rest = piece[whole:]


def _rehearse(form: str) -> None:
    """Write a little sound and read it, so that every module of PyAV is there that comes when it is first needed."""
    file = io.BytesIO()
    encode(io.BytesIO(bytes(_PIECE)), file, form, 24_000)
    decode(file.getvalue(), io.BytesIO(), 1.0)


def main() -> int:
    """Do what the arguments say; return the exit status."""
    task, memory, processor, *how = sys.argv[1:]
    av.logging.set_level(None)
    _rehearse(how[0] if task == "encode" else "flac")
    _confine(int(memory), int(processor))
    source, out = sys.stdin.buffer, sys.stdout.buffer
    if task == "encode":
        return encode(source, out, how[0], int(how[1]))
    return decode(source.read(), out, float(how[0]))


if __name__ == "__main__":
    sys.exit(main())
