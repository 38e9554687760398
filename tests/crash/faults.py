"""Where a command can fail, and how it is made to: system calls by strace, short writes by a small library
that is loaded before the others."""

import os
import re
import subprocess

from program import Failure, read

WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "sendto", "sendmsg",
          "sendmmsg")
OPENS = ("open", "openat", "creat")
# What may be interrupted by a signal before it has done anything.
INTERRUPTIBLE = (*WRITES, *OPENS, "fsync", "fdatasync", "ftruncate", "truncate", "fallocate")
CALLS = (*INTERRUPTIBLE, "sync_file_range", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
         "symlinkat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat")
# What would change files or names as well, and is not made to fail: it may not be called.
STRANGE = ("openat2", "sync", "syncfs", "msync", "splice", "tee", "vmsplice", "io_submit", "io_uring_setup", "mknod",
           "mknodat", "bind", "chown", "lchown", "fchown", "fchownat", "fchmodat2", "setxattr", "lsetxattr",
           "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "utime", "utimes", "futimesat", "utimensat")
ERRORS = ("eio", "enospc", "eintr")
STARTED = re.compile(r"^(\d+) +(\w+)\((.*)")
STATE = re.compile(r"/state\.(sqlite|new)\b")
LOG = re.compile(r"/state\.(sqlite|new)-(wal|shm|journal)\"")
# Between the parts of one process: no disk can fail there.
INWARD = re.compile(r"^\d+<(anon_inode|pipe|socket)")


class Point:
    """The `number`th call of that name which a command makes."""

    def __init__(self, call, number, text):
        self.call, self.number, self.text = call, number, text

    def __str__(self):
        return f"{self.call}:{self.number}"

    def faults(self):
        yield "kill"
        if INWARD.match(self.text):
            return
        for error in ERRORS:
            if error != "eintr" or self.call in INTERRUPTIBLE:
                yield error


class NotFired(Failure):
    """The call was not made, and the command came to its end."""


def not_fired(line, ended, times):
    kind = NotFired if times == 0 and ended.code in line.codes else Failure
    return kind("other", f"the fault did not fire: {ended}")


def tracing(log, *more, every_call_stops=False):
    """`every_call_stops`: slower, but without it strace 6.1 sends no signals."""
    # With the question mark a call that this kind of machine does not have is no mistake.
    return ["strace", "-f", *([] if every_call_stops else ["--seccomp-bpf"]), "-y", "-s", "24", "-o", log, "-e",
            "trace=" + ",".join("?" + call for call in CALLS + STRANGE), *more]


def works():
    """Whether strace is there and may trace."""
    try:
        done = subprocess.run(tracing("/dev/null", "true"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def started_calls(log):
    """(call, its number among those of its name, arguments and result) in order; strace counts alike."""
    counts = {}
    for line in read(log).decode("utf-8", "replace").splitlines():
        match = STARTED.match(line)
        if not match:
            continue
        process, call, text = match.groups()
        counts[process, call] = counts.get((process, call), 0) + 1
        yield Point(call, counts[process, call], text)


def injected(log, point):
    """The call that was made to fail: in a server the one of that number may be on another file than when it was only
    watched."""
    texts = {}
    for line in read(log).decode("utf-8", "replace").splitlines():
        started = STARTED.match(line)
        if started:
            texts[started.group(1)] = started.group(3)
        if "(INJECTED)" in line:
            return Point(point.call, point.number, texts[line.split()[0]])
    raise Failure("other", f"no call was made to fail in {log}")


def changes_files(point):
    return point.call not in OPENS or any(flag in point.text for flag in ("O_CREAT", "O_TRUNC", "O_TMPFILE"))


def is_harmless(point):
    """For root SQLite gives its files to whom the state belongs, and does not mind whether that can be done."""
    return point.call == "fchown" and STATE.search(point.text) is not None


def points(log):
    """The calls that change something, or could."""
    for point in started_calls(log):
        if point.call in STRANGE:
            if not is_harmless(point):
                raise Failure("other", f"a call that is not made to fail: {point.call}({point.text}")
        elif changes_files(point):
            yield point


def inject(program, case, line, point, fault):
    """Runs a line with its fault, checks that it fired and that the command bore it as it must."""
    call, number = point.call, point.number
    log = case + ".strace"
    how = "signal=KILL" if fault == "kill" else "error=" + fault.upper()
    strace = tracing(log, "-e", f"inject={call}:{how}:when={number}", every_call_stops=fault == "kill")
    ended = program.run(case, line.port, line.words, before=strace)
    trace = read(log).decode("utf-8", "replace")
    if fault == "kill":
        last = [point for point in started_calls(log) if point.call == call]
        if not last or last[-1].number != number or "+++ killed by SIGKILL" not in trace:
            raise not_fired(line, ended, 0)
        return ended
    if trace.count("(INJECTED)") != 1:
        raise not_fired(line, ended, trace.count("(INJECTED)"))
    check_borne(line, ended, fault, injected(log, point))
    return ended


def tells_no_cause(point):
    """SQLite does not always tell why a sync failed; of its log and the index of that, which it may fail to make, it
    tells that they cannot be opened, and the program asks the disk whether it is full: this one is not. That a full
    disk keeps a file from being removed it does not expect."""
    return point.call.endswith("sync") or (point.call in (*OPENS, "unlink") and LOG.search(point.text) is not None)


def check_borne(line, ended, fault, point):
    """Done all the same, or failed with what a user can act on; never a crash."""
    if ended.code in line.codes:
        return
    # A call that a signal interrupted is made again, but by SQLite, which leaves that to whoever called it.
    if fault == "eintr" and not STATE.search(point.text):
        raise Failure("other", f"{line} was interrupted and ended with {ended}")
    wanted = ("disk-full",) if fault == "enospc" else ("io",)
    if tells_no_cause(point):
        wanted = ("disk-full", "io")
    if ended.code != 1 or ended.token() not in wanted:
        raise Failure("other", f"{line} was given {fault} and ended with {ended}")


def build_short_write(folder):
    library = os.path.join(folder, "short_write.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "short_write.cpp")
    subprocess.run([os.environ.get("CXX") or "g++", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"],
                   check=True)
    return library


def run_short(program, case, line, library, number):
    """With `number` 0 nothing is shortened. Returns how it ended, and the writes that could be."""
    log = case + ".short"
    if os.path.exists(log):
        os.unlink(log)
    ended = program.run(case, line.port, line.words,
                        environment={"LD_PRELOAD": library, "CRASH_SHORT_WRITE": str(number),
                                     "CRASH_SHORT_WRITE_LOG": log})
    lines = read(log).decode().splitlines() if os.path.exists(log) else []
    return ended, lines


def shorten(program, case, line, library, number):
    ended, lines = run_short(program, case, line, library, number)
    shortened = sum(each.endswith(" SHORTENED") for each in lines)
    if shortened != 1:
        raise not_fired(line, ended, shortened)
    if ended.code not in line.codes:
        raise Failure("other", f"{line} was given a short write and ended with {ended}")
    return ended
