#!/usr/bin/env python3
"""Compares `cloze tokenize` with the reference library on random texts over all of Unicode. Run by hand, after changes to a tokenizer.

  npm install --prefix PEER tokenizers@0.23.2
  python3 tools/compare_with_npm_tokenizers.py PEER TOKENIZER.json [--count 30000] [--seed 1] [--shared ../shared] [--cloze artifacts/bin/Cloze.Cli/release/cloze] [--texts FILE]

Texts are biased to what normalizers stumble over: marks, decompositions, dropped and white-space characters, ideographs; every fifth has a pair. --texts takes the lines of
a file instead. Ids, types, tokens, offsets (code points), word ids and special masks must be equal. Exit code 1 if anything differs.
"""
import argparse, gzip, json, random, subprocess, sys
from pathlib import Path

FIELDS = ['ids', 'type_ids', 'tokens', 'offsets', 'word_ids', 'special_tokens_mask']
WORDS = "the of unaffable tokenization Straße naïve [MASK] [SEP] [unk] [PAD] don't 3.14 ##ing a b".split()
ODD = [0x130, 0x1D172, 0x302E, 0x344, 0x0F73, 0x1D15E, 0x2126, 0x85, 0xAD, 0x200D]

def pools(shared):
    marks, decomposing, dropped, punctuation, chinese, spaces, lower, letters = ([] for _ in range(8))
    for row in gzip.open(shared / 'data/unicode/code-points.tsv.gz', 'rt', encoding='ascii'):
        f = row.rstrip('\n').split('\t')
        c = int(f[0])
        if f[1] == '0': dropped.append(c)
        if f[2] == '1' and c % 97 == 0: chinese.append(c)
        if f[3] == '2': spaces.append(c)
        if f[3] == '3': punctuation.append(c)
        if f[5]: lower.append(c)
        if f[6] == '1': marks.append(c)
        if f[8] and not 0xAC00 <= c < 0xD7A4: decomposing.append(c)
        if f[3] == '1' and c < 0x3000: letters.append(c)
    return [marks, marks, decomposing, dropped, punctuation, chinese, spaces, lower, letters, list(range(0xAC00, 0xD7A4)), ODD]

def text(rnd, pool):
    parts = []
    for _ in range(rnd.randrange(0, 30)):
        k = rnd.random()
        if k < .25: parts.append(rnd.choice(WORDS))
        elif k < .4: parts.append(' ' * rnd.randrange(1, 3))
        elif k < .95: parts.append(''.join(chr(rnd.choice(rnd.choice(pool))) for _ in range(rnd.randrange(1, 5))))
        else:
            c = rnd.randrange(0x110000)
            parts.append(chr(c) if not 0xD800 <= c < 0xE000 else '?')
    return ''.join(parts)

parser = argparse.ArgumentParser()
parser.add_argument('peer')
parser.add_argument('tokenizer')
parser.add_argument('--count', type=int, default=30000)
parser.add_argument('--seed', type=int, default=1)
parser.add_argument('--shared', default='../shared')
parser.add_argument('--cloze', default='artifacts/bin/Cloze.Cli/release/cloze')
parser.add_argument('--texts')
a = parser.parse_args()
if a.texts:
    requests = [{'n': n, 'text': line, 'pair': None} for n, line in enumerate(Path(a.texts).read_text(encoding='utf-8').split('\n')) if line]
else:
    rnd, pool = random.Random(a.seed), pools(Path(a.shared))
    requests = [{'n': n, 'text': text(rnd, pool), 'pair': text(rnd, pool) if rnd.random() < .2 else None} for n in range(a.count)]
lines = '\n'.join(map(json.dumps, requests)) + '\n'
run = lambda command: [json.loads(l) for l in subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().split('\n') if l]
theirs = run(['node', str(Path(__file__).with_name('npm_tokenizers.js')), 'encode', a.peer, a.tokenizer])
ours = run([a.cloze, 'tokenize', '--model', a.tokenizer])
different = 0
for request, x, y in zip(requests, theirs, ours, strict=True):
    wrong = [f for f in FIELDS if x[f] != y.get(f)]
    if not wrong: continue
    different += 1
    if different <= 5: print(f'n={request["n"]} {ascii(request["text"])[:300]} differs in {wrong}\n  theirs {ascii(x[wrong[0]])[:300]}\n  ours   {ascii(y.get(wrong[0], y))[:300]}')
print(f'{a.tokenizer}: {len(requests)} texts, {sum(len(x["ids"]) for x in theirs)} tokens, {different} different')
sys.exit(different > 0)
