"""A run as a film: the network lights up, and the curve and the credit grow with the realised value. GIF or MP4."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray
from PIL import Image

from sim.errors import require, require_in
from sim.machine.folders import new_file
from sim.model.world import World
from sim.tape.tables import Ints
from sim.tape.tape import Tape
from sim.views.figures.animation_scene import Stage, show, stage
from sim.views.time_axis import clock

FORMATS = ("gif", "mp4")
DPI = {"gif": 100, "mp4": 150}
STILL = 0.2  # fraction of the film in which the end is shown
Frame = NDArray[np.uint8]


def animate(
    tape: Tape, world: World | None, path: str | Path, idea: str | int | None = None, seconds: float = 12.0,
    fps: int = 15, progress: Callable[[int, int], None] | None = None,
) -> Path:  # fmt: skip
    """Write the film of a run: who holds an idea from step to step, and the credit by role flow as it was then.

    Value that is not yet realised is not yet credited: bars and discs grow with the realised value, and shares are of
    what had been realised by then.

    Args:
        tape: from a run or a log.
        world: of the run, for its ties; None for a log.
        path: ends in .gif, or .mp4, which needs the program ffmpeg.
        idea: its name or number; by default the one with most realised value.
        seconds: how long it lasts, from 1 to 120.
        fps: pictures per second, from 1 to 50.
        progress: called with (pictures done, pictures in all).

    Returns:
        The path; the same film has the same bytes with the same versions of the libraries.

    Raises:
        ValueError: if the format or a number is out of range, the idea is unknown, ffmpeg is missing or fails, or the
            world does not have the persons of the tape.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    require(f"{path}: film format", kind, FORMATS)
    require_in("seconds", seconds, "[1, 120]")
    require_in("fps", fps, "[1, 50]")
    if kind == "mp4" and shutil.which("ffmpeg") is None:
        raise ValueError(f"{path}: an MP4 needs the program ffmpeg, which is not found; allowed without it: gif")
    total = round(seconds * fps)
    time = clock(tape)
    on = stage(tape, world, idea, np.unique(_steps(time.first, time.last, total)))
    pictures = frames(on, total, DPI[kind], progress)
    with new_file(path) as unfinished:
        (_write_gif if kind == "gif" else _write_mp4)(pictures, unfinished, fps)
    return path


def frames(on: Stage, total: int, dpi: int, progress: Callable[[int, int], None] | None = None) -> Iterator[Frame]:
    """Yield the pictures of a film, one by one; uint8, shape (lines, columns, 3) with even lines and columns."""
    on.figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(on.figure)  # its methods have no types
    moving = on.moving()
    for artist in moving:
        artist.set_animated(True)  # left out of the background, which is drawn once
    canvas.draw()
    ground = canvas.copy_from_bbox(on.figure.bbox)
    before, picture = None, np.zeros((0, 0, 3), np.uint8)
    for done, step in enumerate(_steps(on.time.first, on.time.last, total).tolist(), 1):
        if step != before:
            show(on, step)
            canvas.restore_region(ground)
            for artist in moving:
                on.figure.draw_artist(artist)
            picture = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
            picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        before = step
        if progress is not None:
            progress(done, total)
        yield picture


def _steps(first: int, last: int, total: int) -> Ints:
    """Return the step that each picture shows; shape (total,)."""
    moving = max(total - round(STILL * total), 1)
    return np.append(np.linspace(first, last, moving), np.full(total - moving, last)).astype(np.int64)


def _write_gif(pictures: Iterable[Frame], path: Path, fps: int) -> None:
    """Write a film with one palette, so that still parts do not flicker."""
    palette = _palette()
    images = (Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
    first = next(images)
    written = io.BytesIO()
    first.save(written, format="GIF", save_all=True, append_images=images, duration=round(1000 / fps), loop=0)
    path.write_bytes(written.getvalue())


def _palette() -> Image.Image:
    """Return 248 colours: greys, and the colours of the figures mixed with white in steps."""
    from matplotlib.colors import to_rgb

    from sim.views.style import BLUE, GREEN, ORANGE

    greys = [(g, g, g) for g in np.linspace(0, 255, 32).round().astype(int).tolist()]
    mixed = [
        tuple(round(255 * (part * channel + 1.0 - part)) for channel in to_rgb(colour))
        for colour in (BLUE, ORANGE, GREEN)
        for part in np.linspace(1.0, 0.1, 72).tolist()
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in [*greys, *mixed] for channel in colour])
    return palette


def _write_mp4(pictures: Iterator[Frame], path: Path, fps: int) -> None:
    """Pipe the pictures to ffmpeg, with one thread and no time stamps, for the same bytes every time."""
    first = next(pictures)
    lines, columns, _ = first.shape
    command = [
        "ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{columns}x{lines}",
        "-r", str(fps), "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-threads", "1",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1", "-movflags", "+faststart",
        "-f", "mp4", str(path.absolute()),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as coder:
        pipe, errors = coder.stdin, coder.stderr
        assert pipe is not None
        assert errors is not None
        try:
            pipe.write(first.tobytes())
            for picture in pictures:
                pipe.write(picture.tobytes())
            pipe.close()
        except BrokenPipeError:
            pass  # the error is reported below
        said = errors.read().decode(errors="replace")
    if coder.returncode:
        raise ValueError(f"ffmpeg: {' '.join(said.split())[-300:] or coder.returncode}")
