#!/usr/bin/env python3
"""Run `cloze tokenize` on every recorded case and judge the answers with the reference data's own comparison.

    tools/check_tokenizers.py [FOLDER…] [--cloze COMMAND] [--show 1]     folders below ../shared/goldens/tokenizers, e.g. gpt2 components/models/bpe-unk; default: all

Each folder with source.json counts twice: by its tokenizer.json, and by its original files (not those that end in -v5). Needs ../shared beside the repository, and a built
command (dotnet build -c Release). Python 3.8+, standard library only. Exit status 0: no difference; 1: there is one.
"""
import argparse, gzip, json, pathlib, shutil, subprocess, sys, tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
GOLDENS = SHARED / "goldens/tokenizers"
WRONG_SEQUENCES = ["components/post_processors/none", "components/settings/truncate-no-post"]  # the reference's own (goldens' README)
ANSWER = ["ids", "type_ids", "tokens", "offsets", "attention_mask", "special_tokens_mask", "word_ids", "sequence_ids", "overflow", "decoded", "decoded_with_special"]


def copy(source, target):
    source = SHARED.parent / source
    with (gzip.open if source.suffix == ".gz" else open)(source, "rb") as data:
        target.write_bytes(data.read())


def tokenizers(folder, scratch):
    """(name, path) of each way to load a folder's tokenizer."""
    plain = folder / "tokenizer.json"
    if plain.exists() and not (folder / "source.json").exists():
        return [("tokenizer.json", plain)]
    source = json.loads((folder / "source.json").read_text())
    spec = source["tokenizer_json"]
    built = scratch / "json"
    built.mkdir(parents=True)
    if isinstance(spec, str):
        copy(spec, built / "tokenizer.json")
    else:
        copy(spec["base"], built / "tokenizer.json")
        base = json.loads((built / "tokenizer.json").read_text(encoding="utf-8"))
        base.update(spec["replace"])
        (built / "tokenizer.json").write_text(json.dumps(base), encoding="utf-8")
    ways = [("tokenizer.json", built / "tokenizer.json")]
    files = {name: path for name, path in source.get("files", {}).items() if name != "tokenizer.json"}
    if files and not folder.name.endswith("-v5"):
        bare = scratch / "files"
        bare.mkdir()
        for name, path in files.items():
            copy(path, bare / name)
        maker = source["made_by"].split(" ")[-1]
        options = {**source["options"], **({"tokenizer_class": maker} if "Tokenizer" in maker else {})}
        (bare / "tokenizer_config.json").write_text(json.dumps(options), encoding="utf-8")
        ways.append(("original files", bare))
    return ways


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--cloze", default=str(REPOSITORY / "artifacts/bin/Cloze.Cli/release/cloze") + " tokenize --model")
    parser.add_argument("--show", default="1")
    a = parser.parse_args()
    folders = a.folders or sorted({str(p.parent.relative_to(GOLDENS)) for p in GOLDENS.glob("*/source.json")}) + sorted(
        str(p.parent.relative_to(GOLDENS)) for p in GOLDENS.glob("components/*/*/tokenizer.json"))
    failed = runs = cases = 0
    for name in folders:
        folder = GOLDENS / name
        with tempfile.TemporaryDirectory() as scratch:
            for way, path in tokenizers(folder, pathlib.Path(scratch)):
                for kind in ["cases", "pretokenized", "decode"]:
                    golden = next((folder / (kind + end) for end in [".jsonl", ".jsonl.gz"] if (folder / (kind + end)).exists()), None)
                    if golden is None:
                        continue
                    with (gzip.open if golden.suffix == ".gz" else open)(golden, "rb") as data:
                        requests = data.read()
                    result = pathlib.Path(scratch) / "result.jsonl"
                    runs += 1
                    run = subprocess.run(a.cloze.split() + [str(path)], input=requests, capture_output=True)
                    result.write_bytes(run.stdout)
                    lines = [json.loads(line) for line in run.stdout.splitlines()]
                    missing = {f for line in lines if "error" not in line for f in (ANSWER if kind == "cases" else [])} - {f for line in lines for f in line} if lines else set()
                    ignore = ["--ignore", "sequence_ids"] if name in WRONG_SEQUENCES else []
                    judge = subprocess.run([sys.executable, str(SHARED / "tools/compare_tokenizers.py"), str(golden), str(result), "--show", a.show] + ignore, capture_output=True, text=True)
                    cases += len(lines)
                    if run.returncode != 0 or judge.returncode != 0 or missing:
                        failed += 1
                        text = run.stderr.decode()[:400] if run.returncode else judge.stdout + ("missing fields: %s" % missing if missing else "")
                        print("FAIL %s, %s, %s: %s" % (name, way, kind, text.strip()), flush=True)
    print("%d folders, %d runs, %d answers, %d runs with differences" % (len(folders), runs, cases, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
