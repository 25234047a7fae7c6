"""A film, written by a thread of its own while the next frame is painted."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from stylex.errors import InputError, StylexError, UsageError
from stylex.files import check_place, same_file
from stylex.runtime.video.messages import AudioPacket, Frame, StreamInfo
from stylex.runtime.video.sound_tracks import streams_of
from stylex.techniques import options

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Suffix of the file to FFmpeg's name of the format."""
CRF: int = options.CRF.default
"""The encoder's constant rate factor: 0 loses nothing, 51 is worst; 18 to 23 look good."""
PRESET = "veryfast"
THREADS = 2
"""Threads of the encoder; the network wants the cores too."""
WAITING = 8
"""Frames and packets that wait for the encoder at most."""


def check_film_output(path: Path, film: Path) -> None:
    """Refuses an output that can't work, before any work is done.

    Raises:
        UsageError: no film format has this suffix.
        InputError: the folder doesn't exist, the path is a folder, or it is the film itself.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path} ends in {path.suffix or 'no suffix'}; a film's name ends in {', '.join(FORMATS)}")
    check_place(path)
    if same_file(path, film):
        raise InputError(f"the output {path} is also the input and would be overwritten: choose another name")


class Writer:
    """H.264 with the film's own times, and its sound as it was.

    H.264 as every player takes it (4:2:0) has even sides: the last row or column of an odd one is repeated once.
    Colours are written after BT.709 (with sRGB's transfer function where the film has it), and the file says so. MP4
    and MOV keep times exactly, Matroska to the millisecond.

    Args:
        path: of the file; its suffix chooses the format. It is there and incomplete until `finish`.
        info: of the film that was read.
        crf: quality, as `CRF` says.

    Every method raises what has failed in the thread:
        OSError: the disk is full or can't be written.
        InputError: the frames or the sound can't be written as they are.
    """

    def __init__(self, path: Path, info: StreamInfo, crf: int = CRF) -> None:
        self.width, self.height = info.width + info.width % 2, info.height + info.height % 2
        self.unusable = 0
        """Packets of sound that were left out, since their time wasn't later than that of the one before."""
        self._path, self._base = path, info.time_base
        self._container = av.open(str(path), "w", format=FORMATS[path.suffix.lower()])
        try:
            self._begin(info, crf)
        except BaseException:
            self._give_up()
            raise
        self._latest: list[int | None] = [None] * len(self._sound)
        self._reformatter = VideoReformatter()
        self._queue: queue.Queue[Frame | AudioPacket | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="encoder", daemon=True)
        self._thread.start()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._thread.is_alive():  # not finished: what there is won't be used
            self._error = self._error or RuntimeError("given up")
            self._queue.put(None)
            self._thread.join()
            self._give_up()

    def put(self, item: Frame | AudioPacket) -> None:
        """Hands over a frame or a packet of sound; waits while too many are waiting."""
        self._check()
        self._queue.put(item)

    def finish(self) -> None:
        """Waits for the last frame; the file is complete then."""
        self._queue.put(None)
        self._thread.join()
        try:
            self._check()
            with _explained(self._path):
                self._container.mux(self._video.encode(None))
                self._container.close()
        except BaseException:
            self._give_up()
            raise

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _give_up(self) -> None:
        with contextlib.suppress(Exception):  # the file is thrown away; closing it fails as writing did
            self._container.close()

    def _work(self) -> None:
        """Encodes in a thread until None comes; behind an error only empties the queue, so that nobody waits."""
        while (item := self._queue.get()) is not None:
            if self._error is not None:
                continue
            try:
                with _explained(self._path):
                    self._encode(item) if isinstance(item, Frame) else self._copy(item)
            except BaseException as error:  # raised again in `put` and `finish`
                self._error = error

    def _encode(self, frame: Frame) -> None:
        height, width = frame.picture.shape[:2]
        even = cv2.copyMakeBorder(frame.picture, 0, self.height - height, 0, self.width - width, cv2.BORDER_REPLICATE)
        rgb = VideoFrame.from_ndarray(np.asarray(even, np.uint8), format="rgb24")
        coded = self._reformatter.reformat(
            rgb, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        coded.pts, coded.time_base, coded.duration = frame.time, self._base, frame.duration
        self._container.mux(self._video.encode(coded))

    def _copy(self, sound: AudioPacket) -> None:
        latest = self._latest[sound.stream]
        if latest is not None and sound.dts <= latest:
            self.unusable += 1
            return
        self._latest[sound.stream] = sound.dts
        packet = av.Packet(sound.data)
        packet.pts, packet.dts, packet.duration = sound.pts, sound.dts, sound.duration
        packet.time_base, packet.is_keyframe = sound.time_base, True
        packet.stream = self._sound[sound.stream]
        self._container.mux(packet)

    def _picture_stream(self, info: StreamInfo, crf: int) -> VideoStream:
        options = {"crf": str(crf), "preset": PRESET, "threads": str(THREADS), "flags": "+frame_duration"}
        if info.variable and FORMATS[self._path.suffix.lower()] != "matroska":
            options["bf"] = "0"  # MP4 keeps times of decoding: with B-frames the last frame's duration gets lost
        stream = self._container.add_stream("libx264", rate=info.rate, options=options)
        codec = stream.codec_context
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, "yuv420p"
        codec.time_base = stream.time_base = info.time_base
        codec.sample_aspect_ratio = info.aspect
        codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, info.transfer
        return stream

    def _sound_streams(self, info: StreamInfo) -> list[av.AudioStream]:
        added = []
        for track, source in zip(info.sound, streams_of(info.sound), strict=True):
            stream = self._container.add_stream_from_template(source)
            stream.metadata.update(track.tags)
            added.append(stream)
        return added

    def _begin(self, info: StreamInfo, crf: int) -> None:
        """Makes the streams and writes the file's head."""
        self._video = self._picture_stream(info, crf)
        with _explained(self._path):
            self._sound = self._sound_streams(info)
            self._container.start_encoding()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns FFmpeg's errors that aren't the disk's into one that says what to do."""
    try:
        yield
    except (OSError, MemoryError, StylexError):
        raise
    except av.FFmpegError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror}): the film's times or its sound are damaged; convert it first"
        ) from error
