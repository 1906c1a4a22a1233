// The reference library as a peer: npm package "tokenizers" (the Rust library's binding for Node).
//
//   npm install --prefix PEER tokenizers@0.23.2
//   node tools/npm_tokenizers.js encode PEER tokenizer.json < requests.jsonl > answers.jsonl    fields text and pair, no truncation
//   node tools/npm_tokenizers.js bench PEER tokenizer.json TEXTS.txt SECONDS                    encodeBatch over the lines of a file
//   node tools/npm_tokenizers.js race PEER tokenizer.json TEXTS.txt SECONDS                     the same on one thread, as a line of JSON: tokens, least CPU seconds of a pass
const path = require('path'), fs = require('fs');
const [mode, peer, file, texts, seconds] = process.argv.slice(2);
if (mode === 'race') process.env.TOKENIZERS_PARALLELISM = 'false';
const { Tokenizer } = require(path.join(path.resolve(peer), 'node_modules/tokenizers'));
const tokenizer = Tokenizer.fromFile(file);
tokenizer.disablePadding();
tokenizer.disableTruncation();

async function encode() {
  const answers = [];
  for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
    if (!line) continue;
    const request = JSON.parse(line);
    const e = await tokenizer.encode(request.text, request.pair ?? undefined);
    answers.push(JSON.stringify({
      n: request.n, ids: e.getIds(), type_ids: e.getTypeIds(), tokens: e.getTokens(), offsets: e.getOffsets(), word_ids: e.getWordIds(), special_tokens_mask: e.getSpecialTokensMask(),
    }));
  }
  fs.writeFileSync(1, answers.join('\n') + '\n');
}

async function bench() {
  const lines = fs.readFileSync(texts, 'utf8').split('\n').filter((line, i, all) => i < all.length - 1 || line);
  let tokens = 0, best = Infinity, total = 0, passes = 0;
  for (const e of await tokenizer.encodeBatch(lines)) tokens += e.getLength();
  while (total < Number(seconds)) {
    const start = process.hrtime.bigint();
    await tokenizer.encodeBatch(lines);
    const time = Number(process.hrtime.bigint() - start) / 1e9;
    best = Math.min(best, time);
    total += time;
    passes++;
  }
  console.log(`npm tokenizers: ${lines.length} texts, ${tokens} tokens, mean ${(tokens * passes / total / 1e6).toFixed(3)}, best ${(tokens / best / 1e6).toFixed(3)} million tokens a second`);
}

async function race() {
  const lines = fs.readFileSync(texts, 'utf8').split('\n').filter((line, i, all) => i < all.length - 1 || line);
  let tokens = 0, least = Infinity;
  for (const e of await tokenizer.encodeBatch(lines)) tokens += e.getLength();
  for (const start = Date.now(); Date.now() - start < Number(seconds) * 1000;) {
    const before = process.cpuUsage();
    await tokenizer.encodeBatch(lines);
    const used = process.cpuUsage(before);
    least = Math.min(least, (used.user + used.system) / 1e6);
  }
  console.log(JSON.stringify({ tokens, seconds: least }));
}

({ bench, race, encode })[mode]();
