"""What check_headers and check_tidy share: the build's compile commands, what a file includes, and what was found right before."""
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shlex
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
JOBS = 2
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# With the word that follows.
NOT_FOR_CHECKS = {"-o", "-c"}


def commands():
    """The compiler and its flags for each source file of the build."""
    path = BUILD / "compile_commands.json"
    if not path.exists():
        sys.exit(f"{path.relative_to(ROOT)}:1: not there. Write: cmake --preset release, and build")
    found = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        words, kept = iter(shlex.split(entry["command"])), []
        for word in words:
            if word in NOT_FOR_CHECKS:
                next(words)
            else:
                kept.append(word)
        found[pathlib.Path(entry["file"])] = kept
    return found


def without_pch(words):
    """A precompiled header would lend a header what it does not include itself."""
    text = shlex.join(word for word in words if word != "-Winvalid-pch")
    return shlex.split(re.sub(r"-Xclang -include(-pch)? -Xclang \S+", "", text))


class PassedFiles:
    """Files that were found right as they are, with all that they include from this project."""

    def __init__(self, name, *inputs):
        self.folder = ROOT / "build" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.seed = b"".join(pathlib.Path(part).read_bytes() for part in inputs)
        self.digests = {}

    def digest(self, path):
        if path not in self.digests:
            content = path.read_bytes()
            self.digests[path] = hashlib.sha256(content).digest(), [
                found for name in INCLUDE.findall(content.decode("utf-8"))
                if (found := next((base / name for base in (ROOT / "src", BUILD / "generated", ROOT / "tools/viewc")
                                   if (base / name).is_file()), None))]
        return self.digests[path]

    def mark(self, path, words):
        """Names the state of a file, its includes and its flags."""
        seen, waiting = {path}, [path]
        while waiting:
            for found in self.digest(waiting.pop())[1]:
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
        total = hashlib.sha256(self.seed + shlex.join(words).encode())
        for one in sorted(seen):
            total.update(str(one).encode() + self.digest(one)[0])
        return self.folder / total.hexdigest()


def run(work, check):
    """Calls check(path, words) -> lines for each (path, words, mark), two at a time; a file without lines is marked."""
    seen = set()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for (_, _, mark), found in zip(work, pool.map(lambda item: check(item[0], item[1]), work)):
            for line in found:
                line = line.replace(f"{ROOT}/", "")
                if line not in seen:
                    print(line, flush=True)
                seen.add(line)
            if not found:
                mark.touch()
    return bool(seen)
