"""What the kernel knows of a process and its children: processor time, memory."""

import os
import pathlib

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and all its descendants."""
    found, todo = [], [pid]
    while todo:
        at = todo.pop()
        found.append(at)
        for task in pathlib.Path(f"/proc/{at}/task").glob("*/children"):
            todo += map(int, task.read_text().split())
    return found


def cpu_s(pid):
    """utime + stime of the tree, in seconds."""
    total = 0
    for process in tree(pid):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_S


def rss_mb(pid):
    """Resident memory of the tree, in MB (2**20 bytes)."""
    total_kb = 0
    for process in tree(pid):
        for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total_kb += int(line.split()[1])
    return total_kb / 1024


def core_busy_s(core):
    """Seconds that a core has worked for anybody, stolen time included."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq + steal) / TICKS_PER_S
    raise ValueError(f"no core {core}")
