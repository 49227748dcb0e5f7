"""What a number depends on besides the code: machine, versions, commit, command; and the memory of a process."""

import os
import platform
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from crnn_seq2seq_ocr.version import __version__

PACKAGES = ("torch", "accelerate", "numpy", "opencv-python-headless", "pillow")
"""Whose versions are reported."""


def command_line() -> str:
    """Return the command that runs, as it can be typed again."""
    name = Path(sys.argv[0]).name
    return shlex.join(["crnn-ocr" if name == "__main__.py" else name, *sys.argv[1:]])


def checked_out_commit() -> str | None:
    """Return the commit of the checkout that runs, with ``+`` where files differ; None for an installed package."""
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None
    try:
        number, changes = (
            subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout
            for words in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return number.strip() + ("+" if changes else "")


def now() -> str:
    """Date and time."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


def processor() -> str:
    """Return the CPU's name."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def accelerator_name() -> str | None:
    """Return the name of the accelerator that training and reading would take; None for the CPU."""
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if device is None:
        return None
    name = getattr(torch.get_device_module(device), "get_device_name", None)
    return str(name()) if name else device.type


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that do the work."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


@dataclass(frozen=True)
class Circumstances:
    """Under which something was measured.

    Attributes:
        load: Processes that wanted to run, mean of the minute before: other work on the machine.
        threads: Of PyTorch.
        memory: Of the machine, GB.
    """

    command: str = field(default_factory=command_line)
    package: str = __version__
    commit: str | None = field(default_factory=checked_out_commit)
    time: str = field(default_factory=now)
    cpu: str = field(default_factory=processor)
    cores: int = field(default_factory=usable_cores)
    threads: int = field(default_factory=torch.get_num_threads)
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    memory: float = field(
        default_factory=lambda: round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    )
    accelerator: str | None = field(default_factory=accelerator_name)
    system: str = field(default_factory=platform.platform)
    versions: dict[str, str] = field(default_factory=installed_versions)

    def lines(self) -> list[str]:
        """For people."""
        device = f"{self.accelerator}; " if self.accelerator else ""
        return [
            self.command,
            f"crnn-seq2seq-ocr {self.package}, commit {self.commit or 'unknown'}, {self.time}",
            f"{device}{self.cpu}, {self.cores} cores, {self.threads} threads, {self.memory} GB, load {self.load}",
            f"{self.system}, " + ", ".join(f"{name} {number}" for name, number in self.versions.items()),
        ]


def peak_memory() -> int | None:
    """Return the most bytes of memory that this process has held; None where the system does not say (Windows).

    Pages of mapped files count, though the system takes them back when it needs them. Not from `resource`
    where it can be had elsewhere: a process is told its parent's peak there.
    """
    peak = _status("VmHWM")
    if peak is not None:
        return peak
    try:
        import resource
    except ImportError:
        return None
    reported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return reported if sys.platform == "darwin" else reported * 1024


def own_memory() -> int | None:
    """Return the bytes that this process holds besides pages of mapped files; None where the system does not say."""
    return _status("RssAnon")


def _status(name: str) -> int | None:
    """Return a number of Linux' account of this process, in bytes."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
