#!/usr/bin/env python3
"""Runs every command that the pages show, and compares what it prints with what they show.

    run_documents.py PROGRAM SOURCE [PAGE...]            default: README.md and docs/*.md
    run_documents.py --update PROGRAM SOURCE [PAGE...]   writes what was printed into the pages

Each page is one shell session in a fresh directory in which `bookchain` is PROGRAM, and tests/, docs/ and
examples/ are those of SOURCE. Its blocks are run in order:

    ```sh            every command must succeed
    ```sh fails 3    the last command must end with that exit code
    ```sh by hand    not run, but listed: what needs another machine, or would build the program within its test
    ```sh ids vary   words of 12 hexadecimal digits may be others than shown: peers serve meanwhile, and what they draw
                     beside a command decides what it draws
    ```sh as users   by run_users.py; may end with "fails 3", too
    ```text          right after one of them: exactly what it prints, errors and all

The clock stands still, so that the ids of a network made with --seed, and with them all that is printed, are
the same in each run. With nothing to run, or a mark that is not known, it fails.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CLOCK = "2026-01-31T12:00:00Z"
LIMIT_SECONDS = 240
BLOCK = re.compile(r"^```(?P<mark>sh[^\n]*)\n(?P<commands>.*?)^```\n(?:\s*^```text\n(?P<output>.*?)^```\n)?",
                   re.MULTILINE | re.DOTALL)
ID = re.compile(r"\b[0-9a-f]{12}\b")


@dataclass
class Block:
    line: int
    commands: str
    output: "str | None"
    output_at: "tuple[int, int]"
    by_hand: bool
    code: int
    as_users: bool = False
    ids_vary: bool = False

    def promises(self, printed: str) -> bool:
        """Whether the page shows what was printed, or promises no output."""
        if self.output is None or self.output == printed:
            return True
        return self.ids_vary and ID.sub("ID", self.output) == ID.sub("ID", printed)


class PageError(Exception):
    """A page that cannot be run as it is written."""


def blocks_of(page: Path) -> "list[Block]":
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        mark = match["mark"].split()
        as_users = mark[1:3] == ["as", "users"]
        if as_users:
            del mark[1:3]
        if mark not in (["sh"], ["sh", "by", "hand"], ["sh", "ids", "vary"]) and not (
                len(mark) == 3 and mark[1] == "fails" and mark[2].isdigit() and 0 < int(mark[2]) < 256):
            raise PageError(f"{page}:{line}: the mark {match['mark']!r} is not known")
        block = Block(line, match["commands"], match["output"], match.span("output"), "by" in mark,
                      int(mark[2]) if "fails" in mark else 0, as_users, "vary" in mark)
        if block.by_hand and block.output is not None:
            raise PageError(f"{page}:{line}: a block that is not run cannot promise its output")
        found.append(block)
    if len(found) != len(re.findall(r"^```sh", text, re.MULTILINE)):
        raise PageError(f"{page}: a block of commands does not end")
    return found


def script_of(blocks: "list[Block]", folder: Path) -> str:
    """One session: the output of each block goes to a file of its own, its end is noted in `done`."""
    lines = ["set -euo pipefail"]
    for number, block in enumerate(blocks):
        if block.by_hand:
            continue
        lines.append(f"exec >'{folder}/{number}.out' 2>&1")
        if block.code:
            lines.append(f"set +e\n{block.commands}\ncode=$?\nset -e")
            lines.append(f"[[ $code -eq {block.code} ]] || {{ echo \"exit code $code\"; exit 1; }}")
        else:
            lines.append(block.commands)
        lines.append(f"echo {number} >>'{folder}/done'")
    return "\n".join(lines) + "\n"


def session(blocks: "list[Block]", program: Path, source: Path, folder: Path) -> "int | None":
    """Runs the blocks; returns the exit code of the shell, None if it took too long."""
    (folder / "bin").mkdir()
    (folder / "bin" / "bookchain").symlink_to(program)
    stage = folder / "stage"
    stage.mkdir()
    for name in ("tests", "docs", "examples"):
        (stage / name).symlink_to(source / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKCHAIN")}
    environment.update(PATH=f"{folder / 'bin'}:{environment.get('PATH', '')}", BOOKCHAIN_CLOCK=CLOCK,
                       LC_ALL="C.UTF-8", TZ="UTC", PYTHONDONTWRITEBYTECODE="1")
    # A file, so that the session keeps no pipe open when a server it started outlives it.
    (folder / "session.sh").write_text(script_of(blocks, folder), encoding="utf-8")
    shell = subprocess.Popen(["bash", str(folder / "session.sh")], cwd=stage, env=environment,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return shell.wait(LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # the session's own group, with what it left running
        except ProcessLookupError:
            pass
        shell.wait()


def first_difference(shown: str, printed: str) -> str:
    for number, (left, right) in enumerate(zip(shown.splitlines() + [None], printed.splitlines() + [None]), 1):
        if left != right:
            end = "(ends here)"
            return f"  line {number} of the output\n  shown:   {end if left is None else left}\n" \
                   f"  printed: {end if right is None else right}"
    return "  the output ends with other blank lines"


def with_outputs(page: Path, blocks: "list[Block]", printed: "dict[int, str]") -> None:
    text = page.read_text(encoding="utf-8")
    for number in sorted(printed, reverse=True):
        start, end = blocks[number].output_at
        if start >= 0:
            text = text[:start] + printed[number] + text[end:]
    page.write_text(text, encoding="utf-8")


def run_page(page: Path, program: Path, source: Path, update: bool) -> "tuple[int, int]":
    """Returns how many blocks were run, and how many were not as they should be."""
    blocks = [block for block in blocks_of(page) if not block.as_users]
    for block in blocks:
        if block.by_hand:
            print(f"skip  {page.name}:{block.line}  by hand: {block.commands.strip().splitlines()[0]}")
    if all(block.by_hand for block in blocks):
        return 0, 0
    with tempfile.TemporaryDirectory(prefix="documents.") as name:
        folder = Path(name).resolve()
        ended = session(blocks, program, source, folder)
        noted = folder / "done"
        done = {int(line) for line in noted.read_text().split()} if noted.exists() else set()
        printed = {}
        for number in range(len(blocks)):
            output = folder / f"{number}.out"
            if output.exists():
                printed[number] = output.read_text(encoding="utf-8", errors="replace")
    bad = 0
    for number, block in enumerate(blocks):
        if block.by_hand:
            continue
        where = f"{page.name}:{block.line}"
        if number not in done:
            bad += 1
            why = f"no end after {LIMIT_SECONDS} s" if ended is None else f"failed, the session ended with {ended}"
            print(f"FAIL  {where}  {why if number in printed else 'not reached'}")
            print(printed.get(number, ""), end="")
        elif not block.promises(printed[number]) and not update:
            bad += 1
            print(f"FAIL  {where}  prints something else\n{first_difference(block.output, printed[number])}")
        else:
            print(f"ok    {where}")
    if update and not bad:
        with_outputs(page, blocks, printed)
    return sum(not block.by_hand for block in blocks), bad


def main(arguments: "list[str]") -> int:
    update = arguments[:1] == ["--update"]
    arguments = arguments[update:]
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    program, source = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    if not os.access(program, os.X_OK):
        print(f"run_documents: no such program: {program}", file=sys.stderr)
        return 2
    pages = [Path(name) for name in arguments[2:]] or [source / "README.md", *sorted((source / "docs").glob("*.md"))]
    ran = bad = 0
    for page in pages:
        try:
            more, wrong = run_page(page, program, source, update)
        except PageError as error:
            print(f"FAIL  {error}")
            more, wrong = 0, 1
        ran, bad = ran + more, bad + wrong
    print(f"{ran} blocks of commands run, {bad} not as shown")
    return 1 if bad or not ran else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
