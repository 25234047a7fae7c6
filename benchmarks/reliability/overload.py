"""The service flooded: every request gets its own answer or one line, memory is bounded, and SIGTERM loses nothing.

PYTHONPATH=benchmarks python -m reliability.overload --requests 10000 --json overload.json
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import resource
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL.Image
from service import LEAKING, MOST_GROWTH_MIB, answer, memory

from reliability.outcome import command_line, report

CLIENTS, QUEUE, WORKERS = 16, 4, 2
"""More clients than the service admits, so that its queue is full most of the time."""
WARM_UP, CONTROL = 300, 300
"""Requests before memory counts, and those that the control is sent: it keeps 200 KB of each."""
LIMITS = sys.platform == "linux"
"""Whether the system can limit the memory of a process that runs."""
ROOM = 160 << 20
"""Bytes of data that a limited service may take beyond what it has."""
MIXING = """
import sys
from stylex.serve import studio
paint, last = studio.Studio.paint, []
def mixing(self, order, stop):
    last.append(paint(self, order, stop))
    return last[-2:][0]
studio.Studio.paint = mixing
from stylex.cli import main
main(sys.argv[1:])
"""
"""A service that answers with the painting before."""
Where = tuple[str, int]


@dataclass
class Tally:
    """The outcomes of requests.

    Attributes:
        statuses: how often each was answered.
        faults: what should not have happened, a line each.
        waited: how often a full queue was met, and the request sent again.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    waited: int = 0


@contextlib.contextmanager
def service(code: str = "") -> Iterator[tuple[subprocess.Popen[str], Where]]:
    """Runs a service with a short queue, or what `code` makes of it, and yields its process and where it listens."""
    call = ["-c", code] if code else ["-m", "stylex"]
    limits = ["--queue", str(QUEUE), "--workers", str(WORKERS), "--time-limit", "300", "--max-mib", "4"]
    command = [sys.executable, *call, "serve", "--port", "0", "--json", "--technique", "adain", *limits]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            host, port = json.loads(process.stdout.readline())["url"][7:-1].rsplit(":", 1)
            yield process, (host, int(port))
        finally:
            process.kill()


def own_photo(number: int) -> np.ndarray:
    """Returns a photo that no other request has, uint8 (32, 48, 3)."""
    return np.random.default_rng(number).integers(0, 256, (32, 48, 3), np.uint8)


def as_png(photo: np.ndarray) -> bytes:
    """Returns a picture as a file."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG")
    return buffer.getvalue()


def request(photo: bytes, strength: float) -> bytes:
    """Returns a request to paint a photo."""
    form = {"style": "starry-night", "strength": str(strength), "encoding": "png"}
    parts = [f'--b\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in form.items()]
    head = '--b\r\ncontent-disposition: form-data; name="photo"; filename="p"\r\n\r\n'
    body = "".join([*parts, head]).encode() + photo + b"\r\n--b--\r\n"
    kind = "content-type: multipart/form-data; boundary=b"
    return f"POST /v1/paint HTTP/1.1\r\nhost: x\r\n{kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def poison(number: int) -> bytes:
    """Returns a picture that can't be painted: cut, of nonsense, or with far more pixels than bytes."""
    whole, rng = as_png(own_photo(number)), np.random.default_rng(number)
    bomb = whole[:16] + (60_000).to_bytes(4, "big") * 2 + whole[24:29]
    bomb += zlib.crc32(bomb[12:29]).to_bytes(4, "big") + whole[33:]
    return (whole[: len(whole) // 2], rng.bytes(2000), bomb, b"\xff\xd8\xff" + rng.bytes(500))[number % 4]


async def own_answer(where: Where, number: int, tally: Tally) -> None:
    """Sends a request until the queue has a place for it; the answer must be that of its own photo, or a refusal."""
    bad, photo = number % 10 == 9, own_photo(number)
    strength = 1.0 if number % 4 == 3 else 0.0  # at 0 the answer is the photo, which tells whose it is
    sent = request(poison(number) if bad else as_png(photo), strength)
    while True:
        reader, writer = await asyncio.open_connection(*where, limit=2**24)
        writer.write(sent)
        status, body = await answer(reader)
        writer.close()
        if status != 429:
            break
        tally.waited += 1
        await asyncio.sleep(0.01)
    tally.statuses[status] += 1
    if bad and not (400 <= status < 500 and json.loads(body).keys() == {"type", "message"}):
        tally.faults.append(f"request {number}, poisoned, was answered with {status}: {body[:80]!r}")
    elif not bad:
        painted = np.asarray(PIL.Image.open(io.BytesIO(body))) if status == 200 else None
        wrong = painted is None or painted.shape != photo.shape or (strength == 0 and (painted != photo).any())
        if wrong:
            tally.faults.append(f"request {number} was answered with {status} and what isn't its photo")


async def own_answers(where: Where, numbers: range, tally: Tally) -> None:
    """Sends requests from several clients at a time."""
    rest = iter(numbers)

    async def client() -> None:
        for number in rest:
            try:
                await asyncio.wait_for(own_answer(where, number, tally), 600)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                tally.faults.append(f"request {number} was lost: {type(error).__name__}")

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def nuisance(where: Where, over: asyncio.Event) -> int:
    """Sends uploads that stall, and requests whose clients leave at once, until it is over. Returns how many."""
    sent, whole = 0, request(as_png(own_photo(0)), 1.0)
    while not over.is_set():
        stalled, left = await asyncio.open_connection(*where), await asyncio.open_connection(*where)
        stalled[1].write(whole[: len(whole) // 2])
        left[1].write(whole)
        await left[1].drain()
        left[1].close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(over.wait(), 0.5)
        stalled[1].close()
        sent += 2
    return sent


async def flooded(where: Where, count: int, warm_up: int) -> tuple[Tally, dict[str, object], float]:
    """Returns what a service does under so many requests, and by how many MiB it grows behind a warm-up."""
    tally, over = Tally(), asyncio.Event()
    disturbing = asyncio.create_task(nuisance(where, over))
    await own_answers(where, range(warm_up), Tally())
    before, start = await memory(where), time.perf_counter()
    await own_answers(where, range(warm_up, warm_up + count), tally)
    seconds, grown = time.perf_counter() - start, await memory(where) - before
    over.set()
    painted = tally.statuses[200]
    figures: dict[str, object] = {"requests": count, "painted": painted, "refused": tally.statuses.total() - painted}
    figures |= {"met_a_full_queue": tally.waited, "nuisances": await disturbing, "seconds": round(seconds)}
    return tally, figures, grown


async def control(where: Where) -> float:
    """Returns by how many MiB a service that leaks grows."""
    await own_answers(where, range(100), Tally())
    before = await memory(where)
    await own_answers(where, range(100, 100 + CONTROL), Tally())
    return await memory(where) - before


async def limited(process: subprocess.Popen[str], where: Where) -> list[str]:
    """Returns the faults of a service whose memory ends soon: photos that don't fit are refused, it goes on."""
    tally = Tally()
    await own_answers(
        where, range(8900, 8940), tally
    )  # its threads have begun; glibc ends a process that can't begin one
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[5])
    most = pages * resource.getpagesize() + ROOM
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (most, most))
    large = request(as_png(np.zeros((7900, 8000, 3), np.uint8)), 1.0)
    for _ in range(4):
        reader, writer = await asyncio.open_connection(*where, limit=2**24)
        writer.write(large)
        try:
            status, body = await asyncio.wait_for(answer(reader), 60)
            if status == 200 or status == 500 or b"Traceback" in body:
                tally.faults.append(f"beyond the limit of memory the answer was {status}: {body[:100]!r}")
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            tally.faults.append(f"beyond the limit of memory there was no answer: {type(error).__name__}")
        writer.close()
    await own_answers(where, range(9000, 9040), tally)
    return tally.faults


async def ended(process: subprocess.Popen[str], where: Where, after: float) -> list[str]:
    """Returns the faults of a service that is sent SIGTERM under load: what it took is answered, whole."""
    faults: list[str] = []

    async def client(number: int) -> None:
        photo, end = own_photo(number), False
        while not end:
            try:
                reader, writer = await asyncio.open_connection(*where, limit=2**24)
            except OSError:
                return  # it takes no more
            try:
                writer.write(request(as_png(photo), 0.0))
                status, body = await asyncio.wait_for(answer(reader), 60)
                if status == 200 and (np.asarray(PIL.Image.open(io.BytesIO(body))) != photo).any():
                    faults.append("an answer while it ended was of another photo")
            except asyncio.IncompleteReadError as error:
                end = True
                if error.partial:
                    faults.append("an answer was cut")
            except ConnectionError:
                end = True
            writer.close()

    clients = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
    await asyncio.sleep(after)
    process.send_signal(signal.SIGTERM)
    await asyncio.gather(*clients)
    code = await asyncio.to_thread(process.wait, 60)
    return [*faults, *([f"it ended with exit code {code}"] if code else [])]


def mixed_up() -> int:
    """Returns how many faults are found where every answer is that of the request before."""
    tally = Tally()
    with service(MIXING) as (_process, where):
        asyncio.run(own_answers(where, range(12), tally))
    return len(tally.faults)


def campaign(requests: int, warm_up: int = WARM_UP, *, measures: bool = True) -> tuple[dict[str, object], list[str]]:
    """Returns figures and faults; `measures` tells whether memory counts, which needs a warm-up, and the control."""
    with service() as (process, where):
        tally, figures, grown = asyncio.run(flooded(where, requests, warm_up))
        faults = [*tally.faults, *asyncio.run(ended(process, where, 1.0))]
    with service() as (process, where):
        faults += asyncio.run(limited(process, where))
    if measures:
        with service(LEAKING) as (_process, where):
            leaked = asyncio.run(control(where))
        figures |= {"growth_mib": round(grown, 1), "growth_of_the_control_mib": round(leaked, 1)}
        figures["mixed_up_answers_found"] = found = mixed_up()
        if not found:
            faults.append("the control, which mixes answers up, wasn't noticed")
        if not grown <= MOST_GROWTH_MIB < leaked:
            faults.append(f"the service grew by {grown:.1f} MiB, the control, which leaks, by {leaked:.1f}")
    return figures, faults


def main() -> None:
    """Report it."""
    parser = command_line(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    given = parser.parse_args()
    report("overload", *campaign(given.requests), given.json)


if __name__ == "__main__":
    main()
