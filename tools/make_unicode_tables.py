#!/usr/bin/env python3
"""Generates src/Cloze/Tokenizers/Unicode/UnicodeTables.g.cs: what the reference tokenizers believe about code points.

Run from the repository's folder, with ../shared beside it (Python 3.9 or later, standard library only; the same input gives the same bytes):

  python3 tools/make_unicode_tables.py [../shared]

It reads data/unicode/code-points.tsv.gz (the recorded behaviour, code point by code point), data/unicode/combining-classes.tsv,
goldens/tokenizers/unicode/classes.json and grapheme-extend.json. Python's own Unicode tables are not used: their version differs.
"""
import gzip, json, sys
from pathlib import Path

CODE_POINTS = 0x110000
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic
shared = Path(sys.argv[1] if len(sys.argv) > 1 else '../shared')
target = Path(__file__).resolve().parent.parent / 'src/Cloze/Tokenizers/Unicode/UnicodeTables.g.cs'

classes = bytearray(CODE_POINTS)
for row in (shared / 'data/unicode/combining-classes.tsv').read_text(encoding='ascii').splitlines():
    code_point, combining_class = row.split('\t')
    classes[int(code_point, 16)] = int(combining_class)

flags = bytearray(CODE_POINTS)
marks, unsettled = bytearray(CODE_POINTS), bytearray(CODE_POINTS)
lower, nfd, nfkd, composites = {}, {}, {}, []
for row in gzip.open(shared / 'data/unicode/code-points.tsv.gz', 'rt', encoding='ascii'):
    columns = row.rstrip('\n').split('\t')
    c = int(columns[0])
    mapped = lambda text: [c] if text == '' else [] if text == '-' else [int(x, 16) for x in text.split(' ')]
    clean, chinese, kind = int(columns[1]), int(columns[2]), int(columns[3]) - 1
    stripped, lowered, decomposed = mapped(columns[4]), mapped(columns[5]), mapped(columns[8])
    decomposes = decomposed != [c]
    nonspacing = stripped == [] and not decomposes
    flags[c] = clean | chinese << 2 | kind << 3 | nonspacing << 5 | decomposes << 6 | (classes[c] != 0) << 7
    if lowered != [c]: lower[c] = lowered
    if decomposes and c not in HANGUL: nfd[c] = decomposed
    compatible = mapped(columns[7])
    if compatible != decomposed: nfkd[c] = compatible
    marks[c] = columns[6] == '1'
    if columns[9] != '': unsettled[c] = 1
    elif decomposes and c not in HANGUL: composites.append(c)

parts, sizes = [], {}

def two_stage(values, shift):
    """(index of blocks, blocks): blocks of 2^shift values, equal blocks once."""
    size = 1 << shift
    seen, index, blocks = {}, [], []
    for start in range(0, len(values), size):
        block = tuple(values[start:start + size])
        if block not in seen:
            seen[block] = len(seen)
            blocks += block
        index.append(seen[block])
    assert len(seen) <= 256, len(seen)
    return index, blocks

def emit(group, kind, name, values, note):
    lines = ['        ' + ','.join(map(str, values[i:i + 48])) + ',\n' for i in range(0, len(values), 48)]
    parts.append(f'    /// <summary>{note}</summary>\n    public static ReadOnlySpan<{kind}> {name} =>\n    [\n{"".join(lines)}    ];\n')
    sizes[group] = sizes.get(group, 0) + len(values) * {'byte': 1, 'ushort': 2, 'int': 4}[kind]

def rounded(limit, block):
    return (limit + block - 1) // block * block

index, blocks = two_stage(flags, 7)
emit('flags', 'byte', 'FlagIndex', index, 'Block of 128 code points.')
emit('flags', 'byte', 'FlagBlocks', blocks, 'Flags by block.')

index, blocks = two_stage(classes[:rounded(max(c for c in range(CODE_POINTS) if classes[c]) + 1, 64)], 6)
emit('combining classes', 'byte', 'ClassIndex', index, 'Block of 64 code points.')
emit('combining classes', 'byte', 'ClassBlocks', blocks, 'Canonical combining class.')

differences, numbers = [0], bytearray(rounded(max(lower) + 1, 64))
for c, lowered in sorted(lower.items()):
    if len(lowered) == 2:
        assert (c, lowered) == (0x130, [0x69, 0x307])
        numbers[c] = 255
        continue
    if lowered[0] - c not in differences: differences.append(lowered[0] - c)
    numbers[c] = differences.index(lowered[0] - c)
assert len(differences) < 255
index, blocks = two_stage(numbers, 6)
emit('lower case', 'byte', 'LowerIndex', index, 'Block of 64 code points.')
emit('lower case', 'byte', 'LowerBlocks', blocks, 'Number of the difference; 255 is U+0130.')
emit('lower case', 'int', 'LowerDeltas', differences, 'Lower case minus code point.')

pool, known = [0], {}

def place(decomposed):
    """Where a decomposition lies in the pool; equal ones lie there once."""
    units = tuple(memoryview(''.join(map(chr, decomposed)).encode('utf-16-le')).cast('H'))
    if units not in known:
        known[units] = len(pool)
        pool.extend([len(units), *units])
    return known[units]

def decompositions(group, name, mappings):
    places = [0] * rounded(max(mappings) + 1, 64)
    for c, decomposed in sorted(mappings.items()): places[c] = place(decomposed)
    index, blocks = two_stage(places, 6)
    emit(group, 'byte', name + 'Index', index, 'Block of 64 code points.')
    emit(group, 'ushort', name + 'Blocks', blocks, 'Place in the pool, 0 for none.')

decompositions('NFD', 'Decomposition', nfd)
decompositions('NFKD', 'Compatibility', nfkd)
emit('decompositions', 'ushort', 'DecompositionPool', pool, 'Length in UTF-16 units, then the units.')

# What composition needs: the composites (two parts each: their decomposition without its last code point, composed, and that code point).
composed = {(c,): c for c in range(CODE_POINTS) if c not in nfd}
for c in composites: composed[tuple(nfd[c])] = c
for c in composites:
    assert tuple(nfd[c][:-1]) in composed and (nfd[c][-1],) in composed, hex(c)
    unsettled[nfd[c][-1]] = 1
for c in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)): unsettled[c] = 1
for c in range(CODE_POINTS): unsettled[c] |= classes[c] != 0

def bits(group, name, values, note):
    top = rounded(max(c for c in range(CODE_POINTS) if values[c]) + 1, 256)
    index, blocks = two_stage(bytes(sum(values[c + k] << k for k in range(8)) for c in range(0, top, 8)), 5)
    emit(group, 'byte', name + 'Index', index, 'Block of 256 code points.')
    emit(group, 'byte', name + 'Blocks', blocks, note)

bits('marks', 'Mark', marks, 'Bits: a mark (Mn, Mc, Me) of Unicode 9.0, which StripAccents removes.')
bits('NFC', 'Unsettled', unsettled, 'Bits: NFC changes it, orders it or may compose it with what comes before.')

word = bytearray(CODE_POINTS)
ranges = json.loads((shared / 'goldens/tokenizers/unicode/classes.json').read_text(encoding='utf-8'))['ranges']
for text in ranges['Whitespace: word character']:
    first, _, last = text.partition('-')
    for c in range(int(first, 16), int(last or first, 16) + 1): word[c] = 1
bits('\\w', 'Word', word, 'Bits: part of a word for Whitespace and single_word (Unicode 16.0).')

def varint(number):
    return [number] if number < 128 else [number & 127 | 128, *varint(number >> 7)]

def parsed(texts):
    return [(int(first, 16), int(last or first, 16)) for first, _, last in (text.partition('-') for text in texts)]

def packed(group, name, found, note):
    """Ranges in ascending order: the distance to the last one's end, the length less 1 (and, where there are, numbers), as base 128 numbers."""
    values, end = [], 0
    for first, last, *number in sorted(found):
        assert first >= end
        values += varint(first - end) + varint(last - first) + number
        end = last + 1
    emit(group, 'byte', name, values, note)

packed('NFC', 'Composites', [(c, c) for c in composites], 'Packed ranges: what NFC puts together, Hangul left out.')
letters = []
for name in ('Lu', 'Ll', 'Lt', 'Lm', 'Lo'): letters += parsed(ranges[f'regex \\p{{{name}}}'])
assert sorted(c for first, last in letters for c in range(first, last + 1)) == sorted(c for first, last in parsed(ranges['regex \\p{L}']) for c in range(first, last + 1))
for name, source in (('UppercaseLetter', 'p{Lu}'), ('LowercaseLetter', 'p{Ll}'), ('TitlecaseLetter', 'p{Lt}'), ('ModifierLetter', 'p{Lm}'), ('OtherLetter', 'p{Lo}'),
                     ('Number', 'p{N}'), ('Punctuation', 'p{P}'), ('Symbol', 'p{S}'), ('AnyMark', 'p{M}'), ('Han', 'p{Han}'), ('Space', 's'), ('WordCharacter', 'w'), ('Digit', 'd')):
    packed('expressions', f'Regex{name}', parsed(ranges['regex \\' + source]), f'Packed ranges: \\{source} in expressions (Unicode 16.0).')
packed('numbers', 'Numeric', parsed(ranges['Digits']), 'Packed ranges: what Digits cuts out (Unicode 17.0).')
scripts = json.loads((shared / 'goldens/tokenizers/unicode/classes.json').read_text(encoding='utf-8'))['UnicodeScripts']
del scripts['any (never splits)']
assert len(scripts) < 256
packed('scripts', 'Scripts', [(*found, number) for number, group in enumerate(scripts.values(), 1) for found in parsed(group)],
       'Packed ranges, each with the number of its script for UnicodeScripts (Unicode 9.0); what is in none is of any script.')
extenders, = (list(texts) for texts in json.loads((shared / 'goldens/tokenizers/unicode/grapheme-extend.json').read_text(encoding='utf-8')).values())
packed('graphemes', 'Extenders', parsed(extenders), 'Packed ranges: what joins the grapheme cluster before it, up to U+FFFF (Unicode 17.0).')

note = ', '.join(f'{group} {size / 1024:.1f} KB' for group, size in sizes.items()) + f', together {sum(sizes.values()) / 1024:.1f} KB'
target.write_text(f'''// <auto-generated>tools/make_unicode_tables.py: {note}.</auto-generated>
namespace Cloze.Tokenizers;

/// <summary>The reference's Unicode data: BERT categories 8.0, decompositions, marks, scripts 9.0, classes of expressions 16.0, lower case, numbers, graphemes 17.0.</summary>
internal static class UnicodeTables
{{
{chr(10).join(parts)}}}
''', encoding='utf-8', newline='\n')
print(f'{target.name}: {note}')
