#!/usr/bin/env python3
"""Run `cloze forward --hidden-states` on recorded cases and judge every output with the reference data's own comparison.

    tools/check_goldens.py [FAMILY…]            folders below ../shared/goldens/models, e.g. bert roberta; none named: all of them, and the trained models
    tools/check_goldens.py --quantized          the cases of ../shared/goldens/quantized that must load

Needs ../shared beside the repository, and a built command (dotnet build -c Release). Python 3.8+, standard library only.
Exit status 0: every tensor within 1e-5 of its largest; 1: not.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
CLOZE = REPOSITORY / "artifacts/bin/Cloze.Cli/release/cloze"
TASKS = {"MaskedLanguageModel": "masked-lm"}  # the original DeBERTa code's class; its config.json names none
NOT_OUTPUTS = ["output.attentions*", "output.global_attentions*",  # never stand in memory
               "output.after_generator_step.*",  # training
               "output.emd_states*", "output.selected_logits", "output.loss_per_label"]  # inside the mask decoder: a test compares them


def cases(arguments):
    if arguments == ["--quantized"]:
        root = SHARED / "goldens/quantized"
        return root, [p.parent for p in sorted(root.glob("*/case.json")) if json.loads(p.read_text())["verdict"] == "loads"]
    root = SHARED / "goldens/models"
    families = [root / family for family in arguments] or sorted(p for p in root.iterdir() if p.is_dir()) + [SHARED / "data/models"]
    return SHARED, [p.parent for family in families for p in sorted(family.glob("*/case.json"))]


def main():
    root, folders = cases(sys.argv[1:])
    if not folders:
        sys.exit(__doc__)
    ran = bad = tensors = 0
    with tempfile.TemporaryDirectory() as results:
        for folder in folders:
            case = json.loads((folder / "case.json").read_text())
            name = str(case.get("class")).split(" ")[0]
            result = pathlib.Path(results) / "result.safetensors"
            result.unlink(missing_ok=True)
            task = TASKS.get(name, "auto")
            run = subprocess.run([CLOZE, "forward", "--model", folder, "--task", task, "--hidden-states", "--inputs", folder / "reference.safetensors",
                                  "--outputs", result], capture_output=True, text=True)
            verdict = run.stderr.strip()
            if run.returncode == 0:
                judge = subprocess.run([sys.executable, SHARED / "tools/compare_models.py", folder / "reference.safetensors", result,
                                        "--names", "output.*"] + [word for glob in NOT_OUTPUTS for word in ("--skip", glob)], capture_output=True, text=True)
                verdict = judge.stdout.strip().splitlines()[-1]
                if judge.returncode != 0:
                    verdict = judge.stdout
                tensors += int(judge.stdout.strip().splitlines()[-1].split(" ")[0])
            failed = run.returncode != 0 or judge.returncode != 0
            ran, bad = ran + 1, bad + failed
            print("%s %s: %s" % ("FAIL" if failed else "ok  ", folder.relative_to(root), verdict), flush=True)
    print("%d cases, %d failed; %d tensors compared" % (ran, bad, tensors))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
