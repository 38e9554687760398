"""A disk that forgets: what a power loss leaves of the calls that a command made.

What was written and not synced may be gone. A sync of a file keeps its bytes, not its name; a sync of a folder keeps
the names in it, and of what happened before what these names need (a file is not in two folders, or in none, because
it was moved). That is less than the file systems in use keep, and what POSIX gives.
"""

import os
import stat

SECTOR = 512


class Node:
    """A file or a folder. `kept` is what the last sync of its bytes made durable, `writes` what came after it."""

    def __init__(self, is_folder, mode):
        self.is_folder, self.mode = is_folder, mode
        self.forgets = True
        self.bytes, self.kept, self.writes = bytearray(), b"", []
        self.names, self.kept_names = {}, {}

    def write(self, place, data):
        self.changed(place, bytes(data))

    def cut(self, size):
        self.changed(size, None)

    def changed(self, place, data):
        self.writes.append((place, data))
        change(self.bytes, place, data)
        if not self.forgets:
            self.sync()

    def sync(self):
        content = bytearray(self.kept)
        for place, data in self.writes:
            change(content, place, data)
        self.kept, self.writes = bytes(content), []

    def fail_sync(self):
        """What was written since the last sync is read from memory, and no later sync keeps it unless it is written
        again: Linux takes it for done. Sizes are in the journal."""
        self.writes = [(place, data) for place, data in self.writes if data is None]


def torn(data, chance):
    """What is kept of a write: now and then only its first sectors."""
    sectors = (len(data or b"") - 1) // SECTOR
    return data[:SECTOR * chance.randint(1, sectors)] if sectors > 0 and chance.random() < 0.25 else data


def change(content, place, data):
    """Writes, or with no data cuts or lengthens to `place`."""
    if data is None:
        del content[place:]
        content.extend(b"\0" * (place - len(content)))
        return
    if len(content) < place:
        content.extend(b"\0" * (place - len(content)))
    content[place:place + len(data)] = data


class Disk:
    def __init__(self, folder):
        self.root = self.load(folder, {})
        self.pending = []  # changes of names that no sync has kept: (folder, name, node or None), ... of one call

    def load(self, path, seen):
        facts = os.lstat(path)
        if facts.st_ino in seen:
            return seen[facts.st_ino]
        node = Node(stat.S_ISDIR(facts.st_mode), stat.S_IMODE(facts.st_mode))
        seen[facts.st_ino] = node
        if node.is_folder:
            node.names = {name: self.load(os.path.join(path, name), seen) for name in sorted(os.listdir(path))}
            node.kept_names = dict(node.names)
        else:
            with open(path, "rb") as file:
                node.kept = file.read()
            node.bytes = bytearray(node.kept)
        return node

    def find(self, path):
        """The node of a path below the root, or None."""
        node = self.root
        for name in path.split("/") if path else []:
            node = node.names.get(name) if node else None
        return node

    def place(self, path):
        above, _, name = path.rpartition("/")
        return self.find(above), name

    def rename(self, *changes):
        """One call's changes of names: all of them, or none, are there after a power loss."""
        for folder, name, node in changes:
            if node is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = node
        if all(node and not node.forgets for _, _, node in changes):
            keep(changes)
        else:
            self.pending.append(changes)

    def sync(self, node):
        node.sync()
        if not node.is_folder:
            return
        needed, kept, left = {id(node)}, [], []
        for changes in reversed(self.pending):
            folders = {id(folder) for folder, _, _ in changes}
            if folders & needed:
                needed |= folders
                kept.append(changes)
            else:
                left.append(changes)
        self.pending = left[::-1]
        for changes in reversed(kept):
            keep(changes)

    def lose_power(self, chance=None):
        """Forgets everything that was not synced, or with `chance` some of it."""
        if chance:
            for changes in self.pending[:chance.randint(0, len(self.pending))]:
                keep(changes)
        self.pending = []
        self.forget(self.root, chance, set())

    def forget(self, node, chance, seen):
        if id(node) in seen:
            return
        seen.add(id(node))
        content = bytearray(node.kept)
        for place, data in node.writes:
            if chance and chance.random() < 0.5:
                change(content, place, torn(data, chance))
        node.bytes, node.writes = content, []
        node.names = dict(node.kept_names)
        for below in node.names.values():
            self.forget(below, chance, seen)

    def put(self, path):
        """Makes the folder `path` what is on the disk."""
        os.mkdir(path, 0o700)
        self.put_node(self.root, path, {})

    def put_node(self, node, path, made):
        if id(node) in made:
            os.link(made[id(node)], path)
            return
        made[id(node)] = path
        if node.is_folder:
            os.makedirs(path, exist_ok=True)
            for name, below in sorted(node.names.items()):
                self.put_node(below, f"{path}/{name}", made)
        else:
            with open(path, "wb") as file:
                file.write(node.bytes)
        os.chmod(path, node.mode)


def keep(changes):
    for folder, name, node in changes:
        if node is None:
            folder.kept_names.pop(name, None)
        else:
            folder.kept_names[name] = node
