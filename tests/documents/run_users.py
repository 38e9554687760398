#!/usr/bin/env python3
"""Runs the commands that a page shows for several users of one host, as these users.

    run_users.py PROGRAM SOURCE [PAGE]            default: docs/deploy.md
    run_users.py --update PROGRAM SOURCE [PAGE]   writes what was printed into the page

Blocks that are marked "sh as users" are run in order, line by line. Each line begins with who types it: `ann$` a user,
in its home directory, `root#` the administrator. All users of the page are made for the purpose, in a mount namespace
of their own with their own /etc/passwd, /etc/group, /home and /srv: nothing of this host is changed. The group
`bookpeers` has all of them. Only root can; otherwise, and where there are no namespaces, it says so and exits with 77.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from run_documents import CLOCK, LIMIT_SECONDS, Block, blocks_of, first_difference, with_outputs

SKIPPED = 77
FIRST_USER = 61001
GROUP = ("bookpeers", 61100)
LINE = re.compile(r"^(?P<who>[a-z]+)[$#] +(?P<command>.+)$")
NAMESPACES = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]


def lines_of(block: Block) -> "list[tuple[str, str]]":
    lines = []
    for text in block.commands.splitlines():
        match = LINE.match(text)
        if match is None:
            raise ValueError(f"line {block.line}: it is not said who types: {text}")
        lines.append((match["who"], match["command"]))
    return lines


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def make_users(names: "list[str]", folder: Path) -> None:
    """Within the namespace: accounts, a home directory for each, and an empty /srv."""
    ids = {name: FIRST_USER + place for place, name in enumerate(names)}
    passwd = "".join(f"{name}:x:{number}:{number}::/home/{name}:/bin/bash\n" for name, number in ids.items())
    group = "".join(f"{name}:x:{number}:\n" for name, number in ids.items())
    group += f"{GROUP[0]}:x:{GROUP[1]}:{','.join(names)}\n"
    for name, more in (("passwd", passwd), ("group", group)):
        copy = folder / name
        copy.write_text(Path("/etc", name).read_text(encoding="utf-8") + more, encoding="utf-8")
        copy.chmod(0o644)
        mount("--bind", str(copy), f"/etc/{name}")
    for place in ("/home", "/srv"):
        mount("-t", "tmpfs", "-o", "mode=0755", "bookchain", place)
    for name, number in ids.items():
        home = Path("/home", name)
        home.mkdir(mode=0o700)
        os.chown(home, number, number)


def command_as(who: str, command: str) -> "list[str]":
    shell = ["bash", "-c", f"cd; umask 022; set -o pipefail; {command}"]
    if who == "root":
        return shell
    return ["setpriv", f"--reuid={who}", f"--regid={who}", "--init-groups", *shell]


def run_block(block: Block, folder: Path, output: Path) -> "str | None":
    """What is wrong with how it ended; None if nothing is."""
    lines = lines_of(block)
    for place, (who, command) in enumerate(lines):
        environment = {"PATH": f"{folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", "BOOKCHAIN_CLOCK": CLOCK,
                       "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/root" if who == "root" else f"/home/{who}"}
        with output.open("ab") as out:
            try:
                # A file, so that what a line leaves running keeps no pipe open.
                code = subprocess.run(command_as(who, command), env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=out, timeout=LIMIT_SECONDS, check=False).returncode
            except subprocess.TimeoutExpired:
                return f"no end after {LIMIT_SECONDS} s: {who}: {command}"
        wanted = block.code if place + 1 == len(lines) else 0
        if code != wanted:
            return f"exit code {code} instead of {wanted}: {who}: {command}"
    return None


def run_page(page: Path, program: Path, update: bool) -> int:
    blocks = [block for block in blocks_of(page) if block.as_users]
    names = sorted({who for block in blocks for who, _ in lines_of(block)} - {"root"})
    printed: "dict[int, str]" = {}
    bad = 0
    with tempfile.TemporaryDirectory(prefix="documents.") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir(mode=0o755)
        target = folder / "bin" / "bookchain"
        target.write_bytes(program.read_bytes())
        target.chmod(0o755)
        make_users(names, folder)
        for number, block in enumerate(blocks):
            where = f"{page.name}:{block.line}"
            output = folder / f"{number}.out"
            wrong = run_block(block, folder, output)
            printed[number] = output.read_text(encoding="utf-8", errors="replace")
            if wrong is not None:
                print(f"FAIL  {where}  {wrong}\n{printed[number]}", end="")
                bad += 1
                break
            if not block.promises(printed[number]) and not update:
                print(f"FAIL  {where}  prints something else\n{first_difference(block.output, printed[number])}")
                bad += 1
            else:
                print(f"ok    {where}")
    if update and not bad:
        with_outputs(page, blocks, printed)
    print(f"{len(printed)} of {len(blocks)} blocks of commands run as {', '.join(names)}, {bad} not as shown")
    return 1 if bad or not blocks else 0


def main(arguments: "list[str]") -> int:
    inside = arguments[:1] == ["--inside"]
    words = arguments[inside:]
    update = words[:1] == ["--update"]
    words = words[update:]
    if len(words) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    if not inside:
        if os.geteuid() != 0:
            print("SKIPPED: only root can act as several users")
            return SKIPPED
        if subprocess.run([*NAMESPACES, "true"], check=False, capture_output=True).returncode != 0:
            print("SKIPPED: there are no namespaces for users of this page's own")
            return SKIPPED
        return subprocess.run([*NAMESPACES, sys.executable, __file__, "--inside", *arguments], check=False).returncode
    page = Path(words[2]) if len(words) > 2 else Path(words[1]) / "docs" / "deploy.md"
    return run_page(page, Path(words[0]).resolve(), update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
