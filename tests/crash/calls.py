"""The calls of a command that change files, as strace tells them, and what each does to a disk (disk.py)."""

import functools
import os
import re
import stat

from disk import Node
from program import Failure, read

OPENS = ("open", "openat", "openat2", "creat")
WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2")
SYNCS = ("fsync", "fdatasync")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat")
OTHERS = ("lseek", "ftruncate", "truncate", "chmod", "fchmod", "fchmodat", "copy_file_range", "fallocate", "dup",
          "dup2", "fcntl", "umask")
# What would change files in a way that is not followed here.
STRANGE = ("sendfile", "splice", "symlink", "symlinkat", "sync", "syncfs", "sync_file_range", "msync")
LINE = re.compile(rb"^(\d+) +(\w+)\((.*)$", re.S)
RESUMED = re.compile(rb"^(\d+) +<\.\.\. (\w+) resumed>(.*)$", re.S)
# What has no name any more, or none yet, is marked so behind the brackets.
RESULT = re.compile(rb"^(.*)\) += (-?\d+|\?)(<.*?>(?:\(deleted\))?)?( .*)?$", re.S)
DESCRIPTOR = re.compile(rb"^(-?\d+|AT_FDCWD)(?:<(.*)>(?:\(deleted\))?)?$", re.S)
# Strings are in hexadecimal, and have no quotes within.
MARKS = re.compile(rb'"[^"]*"|[][(){},]')
STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
BASE = re.compile(rb"iov_base=(\"[^\"]*\")")
LONGEST = 1 << 24
# What networks of tests draw instead of random numbers must not come again: no other network has this file.
NEVER_FORGOTTEN = ("draws",)


def tracing(log):
    every = OPENS + WRITES + SYNCS + NAMES + OTHERS + STRANGE
    return ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", str(LONGEST), "-o", log, "-e",
            "trace=" + ",".join("?" + call for call in every)]


def split(text):
    """The arguments of a call: commas within brackets and strings are no ends."""
    parts, depth, start = [], 0, 0
    for mark in MARKS.finditer(text):
        if mark[0] in (b"(", b"[", b"{"):
            depth += 1
        elif mark[0] in (b")", b"]", b"}"):
            depth -= 1
        elif mark[0] == b"," and depth == 0:
            parts.append(text[start:mark.start()].strip())
            start = mark.end()
    return parts + [text[start:].strip()]


def string(text):
    match = STRING.match(text)
    if not match:
        raise Failure("other", f"no string: {text[:80]!r}")
    return bytes.fromhex(match.group(1).replace(b"\\x", b"").decode())


class Call:
    def __init__(self, name, arguments, result):
        self.name, self.arguments, self.result = name, arguments, result

    def descriptor(self, index):
        """The number, and the folder that it names in brackets."""
        number, where = DESCRIPTOR.match(self.arguments[index]).groups()
        return (-100 if number == b"AT_FDCWD" else int(number)), where

    def number(self, index):
        return int(self.arguments[index])


def successful(log):
    """The calls that did something, in order; a sync that failed did, too."""
    waiting = {}
    for line in read(log).splitlines():
        if line.endswith(b"<unfinished ...>"):
            match = LINE.match(line[:-len(b"<unfinished ...>")])
            waiting[match.group(1)] = match.group(2), match.group(3)
            continue
        resumed = RESUMED.match(line)
        if resumed:
            name, begun = waiting.pop(resumed.group(1))
            rest = begun + resumed.group(3)
        else:
            match = LINE.match(line)
            if not match:
                continue
            name, rest = match.group(2), match.group(3)
        result = RESULT.match(rest)
        if not result or result.group(2) == b"?":
            continue
        lost = name.decode() in SYNCS and (result.group(4) or b"").startswith(b" EIO")
        if int(result.group(2)) >= 0 or lost:
            yield Call(name.decode(), split(result.group(1)), int(result.group(2)))


@functools.lru_cache(maxsize=2)
def kept(log):
    """The same of a log that nobody writes any more: many cases of one command follow each other."""
    return list(successful(log))


class Replay:
    """Makes the calls of a command on a disk whose root was the folder `root` when they were watched."""

    def __init__(self, disk, root):
        self.disk, self.root = disk, root
        self.umask = os.umask(0)
        os.umask(self.umask)  # there is no other way to ask for it
        self.open = {}  # descriptor -> [node, place, whether it appends]

    def below(self, path):
        """The path within the disk; None for what lies elsewhere."""
        path = os.path.normpath(path)
        if path == self.root:
            return ""
        return path[len(self.root) + 1:] if path.startswith(self.root + "/") else None

    def path(self, call, folder, name):
        """A path of two arguments, a descriptor and a string; or of a string alone, where `folder` is None."""
        text = string(call.arguments[name]).decode()
        if text.startswith("/proc/self/fd/"):
            return text
        if folder is not None and not text.startswith("/"):
            number, where = call.descriptor(folder)
            if number in self.open:
                return self.path_of(self.open[number][0]) + ("" if text in ("", ".") else "/" + text)
            text = os.path.join(bytes.fromhex(where.replace(b"\\x", b"").decode()).decode(), text)
        return text if text.startswith("/") else "/" + text

    def path_of(self, node):
        def search(folder, path):
            if folder is node:
                return path
            for name, below in folder.names.items():
                if below.is_folder:
                    found = search(below, f"{path}/{name}")
                    if found:
                        return found
            return None
        return search(self.disk.root, self.root) or "/nowhere"

    def make(self, call):
        """Returns whether it was a sync of something on the disk."""
        if call.name in STRANGE:
            raise Failure("other", f"a power loss cannot be played: the program calls {call.name}")
        action = getattr(self, "do_" + call.name, None)
        return bool(action and action(call))

    # ---- opening ----

    def open_path(self, path, flags, mode, number):
        self.open.pop(number, None)
        place = self.below(path)
        if place is None:
            return
        node = self.disk.find(place)
        if b"O_TMPFILE" in flags:
            node = Node(False, mode & ~self.umask)
        elif node is None and b"O_CREAT" in flags:
            node = Node(False, mode & ~self.umask)
            node.forgets = os.path.basename(place) not in NEVER_FORGOTTEN
            folder, name = self.disk.place(place)
            self.disk.rename((folder, name, node))
        elif node is not None and b"O_TRUNC" in flags and node.bytes:
            node.cut(0)
        if node is not None:
            self.open[number] = [node, 0, b"O_APPEND" in flags]

    def do_openat(self, call):
        mode = int(call.arguments[3], 8) if len(call.arguments) > 3 else 0
        self.open_path(self.path(call, 0, 1), call.arguments[2], mode, call.result)

    def do_open(self, call):
        mode = int(call.arguments[2], 8) if len(call.arguments) > 2 else 0
        self.open_path(self.path(call, None, 0), call.arguments[1], mode, call.result)

    def do_openat2(self, call):
        found = re.search(rb"mode=(\d+)", call.arguments[2])
        self.open_path(self.path(call, 0, 1), call.arguments[2], int(found.group(1), 8) if found else 0, call.result)

    def do_dup(self, call):
        number, _ = call.descriptor(0)
        if number in self.open:
            self.open[call.result] = self.open[number]

    do_dup2 = do_dup

    def do_fcntl(self, call):
        if call.arguments[1] in (b"F_DUPFD", b"F_DUPFD_CLOEXEC"):
            self.do_dup(call)

    # ---- bytes ----

    def opened(self, call):
        return self.open.get(call.descriptor(0)[0])

    def write_on(self, opened, data):
        node, place, appends = opened
        if appends:
            place = len(node.bytes)
        node.write(place, data)
        opened[1] = place + len(data)

    def do_write(self, call):
        if self.opened(call):
            self.write_on(self.opened(call), string(call.arguments[1])[:call.result])

    def do_writev(self, call):
        if self.opened(call):
            self.write_on(self.opened(call), b"".join(map(string, BASE.findall(call.arguments[1])))[:call.result])

    def do_pwrite64(self, call):
        if self.opened(call):
            self.opened(call)[0].write(call.number(3), string(call.arguments[1])[:call.result])

    def do_pwritev(self, call):
        if self.opened(call):
            data = b"".join(map(string, BASE.findall(call.arguments[1])))
            self.opened(call)[0].write(call.number(3), data[:call.result])

    do_pwritev2 = do_pwritev

    def do_copy_file_range(self, call):
        source, target = self.opened(call), self.open.get(call.descriptor(2)[0])
        if target:
            if not source or call.arguments[1] != b"NULL" or call.arguments[3] != b"NULL":
                raise Failure("other", "a power loss cannot be played: copy_file_range from elsewhere")
            self.write_on(target, source[0].bytes[source[1]:source[1] + call.result])
            source[1] += call.result

    def do_lseek(self, call):
        if self.opened(call):
            self.opened(call)[1] = call.result

    def do_ftruncate(self, call):
        if self.opened(call):
            self.opened(call)[0].cut(call.number(1))

    def do_fallocate(self, call):
        if self.opened(call) and call.arguments[1] == b"0":
            node = self.opened(call)[0]
            node.cut(max(len(node.bytes), call.number(2) + call.number(3)))

    def do_truncate(self, call):
        place = self.below(self.path(call, None, 0))
        if place is not None:
            self.disk.find(place).cut(call.number(1))

    def do_fsync(self, call):
        if not self.opened(call):
            return False
        node, *_ = self.opened(call)
        if call.result < 0:
            node.fail_sync()
        else:
            self.disk.sync(node)
        return True

    do_fdatasync = do_fsync

    # ---- names ----

    def node_at(self, path):
        if path.startswith("/proc/self/fd/"):
            opened = self.open.get(int(path.rsplit("/", 1)[1]))
            return opened and opened[0]
        place = self.below(path)
        return None if place is None else self.disk.find(place)

    def move(self, old, new):
        node, target = self.node_at(old), self.below(new)
        if node is None or target is None:
            return
        self.disk.rename((*self.disk.place(self.below(old)), None), (*self.disk.place(target), node))

    def link(self, old, new):
        node, target = self.node_at(old), self.below(new)
        if node is not None and target is not None:
            self.disk.rename((*self.disk.place(target), node))

    def remove(self, path):
        place = self.below(path)
        if place is not None:
            self.disk.rename((*self.disk.place(place), None))

    def make_folder(self, path, mode):
        place = self.below(path)
        if place is not None:
            folder, name = self.disk.place(place)
            group = folder.mode & stat.S_ISGID  # goes down to what is made in the folder
            self.disk.rename((folder, name, Node(True, mode & ~self.umask | group)))

    def set_mode(self, node, mode):
        if node is not None:  # kept with the name: what is lost of it is asked for elsewhere
            node.mode = mode

    def do_rename(self, call):
        self.move(self.path(call, None, 0), self.path(call, None, 1))

    def do_renameat(self, call):
        self.move(self.path(call, 0, 1), self.path(call, 2, 3))

    do_renameat2 = do_renameat

    def do_link(self, call):
        self.link(self.path(call, None, 0), self.path(call, None, 1))

    def do_linkat(self, call):
        self.link(self.path(call, 0, 1), self.path(call, 2, 3))

    def do_unlink(self, call):
        self.remove(self.path(call, None, 0))

    do_rmdir = do_unlink

    def do_unlinkat(self, call):
        self.remove(self.path(call, 0, 1))

    def do_mkdir(self, call):
        self.make_folder(self.path(call, None, 0), int(call.arguments[1], 8))

    def do_mkdirat(self, call):
        self.make_folder(self.path(call, 0, 1), int(call.arguments[2], 8))

    def do_umask(self, call):
        self.umask = int(call.arguments[0], 8)

    def do_chmod(self, call):
        self.set_mode(self.node_at(self.path(call, None, 0)), int(call.arguments[1], 8))

    def do_fchmodat(self, call):
        self.set_mode(self.node_at(self.path(call, 0, 1)), int(call.arguments[2], 8))

    def do_fchmod(self, call):
        if self.opened(call):
            self.set_mode(self.opened(call)[0], int(call.arguments[1], 8))
