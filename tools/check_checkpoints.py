#!/usr/bin/env python3
"""Run the built command on every file of ../shared/goldens/checkpoints and judge what it answers by index.json.

    tools/check_checkpoints.py [KIND…]     kinds: safetensors torch folder config tokenizer hub; default: all

A file that must load: exit 0, the same tensors (names, types, shapes, SHA-256 of the values). One that must be refused: exit 1, nothing on standard output,
one line on standard error that names the file. Whatever happens: at most 2 s, 1 GB of resident memory, no file made.
Needs ../shared beside the repository, and a built command (dotnet build -c Release). Linux, Python 3.8+, standard library only.
Exit status 0: all as recorded; 1: not.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
ROOT = REPOSITORY.parent / "shared/goldens/checkpoints"
CLOZE = REPOSITORY / "artifacts/bin/Cloze.Cli/release/cloze"
KINDS = ["safetensors", "torch", "folder", "config", "tokenizer", "hub"]
SECONDS, BYTES = 2.0, 1 << 30
FILES = {"vocab.txt": "vocab.txt", "tokenizer.json": "tokenizer.json", "spm": "spm.model"}
INDEX = json.loads((ROOT / "index.json").read_text())


def run(arguments, work, **environment):
    """Exit status, output, error, seconds, peak bytes of one command in an empty folder."""
    with open(work / "out", "w+b") as out, open(work / "err", "w+b") as err:
        (work / "cwd").mkdir(exist_ok=True)
        began = time.monotonic()
        process = subprocess.Popen([str(CLOZE)] + [str(a) for a in arguments], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                   cwd=work / "cwd", env=dict(os.environ, **environment))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status) if hasattr(os, "waitstatus_to_exitcode") else status >> 8
        seconds = time.monotonic() - began
        out.seek(0), err.seek(0)
        return process.returncode, out.read(), err.read().decode("utf-8", "replace"), seconds, usage.ru_maxrss * 1024


def table(entry, key):
    found = entry.get(key)
    return INDEX["tables"][found["$ref"]] if found and "$ref" in found else found


def differences(expected, output):
    found = {t["name"]: t for t in json.loads(output)["tensors"]}
    if set(found) != set(expected):
        return "has %s, lacks %s" % (sorted(set(found) - set(expected))[:3], sorted(set(expected) - set(found))[:3])
    for name, tensor in expected.items():
        for key in ("dtype", "shape", "sha256"):
            if key in tensor and tensor[key] != found[name][key]:
                return "%s: %s is %s, not %s" % (name[:60], key, found[name][key], tensor[key])
    return None


def with_links(folder, work, prefix):
    """A copy in which the recorded symbolic links stand."""
    copy = work / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    for path, target in json.loads((ROOT / "links.json").read_text()).items():
        if path.startswith(prefix + "/"):
            link = copy / path[len(prefix) + 1:]
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
    return copy


def command(entry, work):
    """Arguments, environment, and the table of tensors that must come out."""
    path, environment = ROOT / entry["path"], {}
    if entry["kind"] in ("safetensors", "torch"):
        return ["inspect", path, "--tensors", "--json"], environment, table(entry, "expect")
    if entry["kind"] == "folder":
        if not path.exists() or entry["path"].endswith("symlink-inside"):
            path = with_links(path, work, entry["path"])
        return ["inspect", path, "--as", entry["as"], "--tensors", "--json"], environment, table(entry, "model")
    if entry["kind"] == "config":
        folder = work / "model"
        folder.mkdir()
        shutil.copy(path, folder / "config.json")
        shutil.copy(ROOT / entry["with"], folder)
        return ["inspect", folder, "--as", entry["as"], "--tensors", "--json"], environment, table(entry, "model")
    if entry["kind"] == "hub":
        cache = with_links(path, work, "hub-cache")
        name = entry["repo"] + ("@" + entry["revision"] if entry.get("revision") else "")
        return (["inspect", name, "--as", entry.get("as", "BertForMaskedLM"), "--tensors", "--json"],
                {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}, table(entry, "model"))
    raise SystemExit("unknown kind " + entry["kind"])


def judge(entry, work):
    if entry["kind"] == "tokenizer":
        return judge_tokenizer(entry, work)
    arguments, environment, expected = command(entry, work)
    return verdict(entry, work, run(arguments, work, **environment), lambda out: differences(expected, out) if expected else None)


def judge_tokenizer(entry, work):
    folder = ROOT / entry["path"]
    path = folder / FILES[entry["format"]] if entry["format"] in FILES else folder
    texts = list((entry.get("ids") or {"the cat sat": None}).items())
    for text, ids in texts:
        def compare(out, ids=ids):
            found = json.loads(out.splitlines()[0])["ids"]
            return None if ids is None or found == ids or entry["verdict"] == "either" else "%r gives %s, not %s" % (text, found, ids)
        fault = verdict(entry, work, run(["tokenize", "--model", path, "--json", "--text", text], work), compare)
        if fault or entry["verdict"] != "loads":
            return fault
    return None


def verdict(entry, work, result, compare):
    status, out, err, seconds, peak = result
    if any((work / "cwd").iterdir()):
        return "made " + ", ".join(p.name for p in (work / "cwd").iterdir())
    if seconds > SECONDS:
        return "took %.1f s" % seconds
    if peak > BYTES:
        return "took %d MB" % (peak >> 20)
    if status == 0:
        if entry["verdict"] == "refused":
            return "was loaded"
        return compare(out)
    if status != 1:
        return "ended with %d: %s" % (status, err[:200])
    if out:
        return "was refused, with output"
    lines = err.strip().splitlines()
    if len(lines) != 1 and "does not fit" not in err:  # a list of all tensors that do not fit has a line for each
        return "was refused in %d lines: %s" % (len(lines), err[:200])
    return "was refused: " + err.strip()[:300] if entry["verdict"] == "loads" else None


def main():
    kinds = sys.argv[1:] or KINDS
    if any(kind not in KINDS for kind in kinds):
        sys.exit(__doc__)
    bad = 0
    for kind in kinds:
        entries = [entry for entry in INDEX["files"] if entry["kind"] == kind]
        wrong = 0
        for entry in entries:
            with tempfile.TemporaryDirectory() as work:
                fault = judge(entry, pathlib.Path(work))
            if fault:
                wrong += 1
                print("FAIL %s (%s): %s" % (entry["path"], entry["reason"], fault), flush=True)
        bad += wrong
        print("%s: %d entries, %d wrong" % (kind, len(entries), wrong), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
