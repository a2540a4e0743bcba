// Tests of the page's parts that need no browser.
import { deepEqual, equal, ok } from 'node:assert';
import { test } from 'node:test';
import { folds, indented, path } from '../../src/code';
import { byLine, byMember } from '../../src/diff';
import { bytes, cut, digits, rate, short, shown, shownLines, since, span } from '../../src/format';

test('characters that are not seen are made visible', () => {
	for (let code = 0; code < 0x110000; code++) {
		if (code >= 0xd800 && code < 0xe000) continue;
		const c = String.fromCodePoint(code), invisible = /^[\p{Cc}\u{2028}\u{2029}\p{Bidi_Control}]$/u.test(c);
		if (invisible) ok(shown(c) !== c, 'U+' + code.toString(16) + ' stays as it is');
	}
	equal(shown('a\u0000\n\u001b[31m\u007f\u202eb'), 'a␀␊␛[31m␡⟨U+202E⟩b');
	equal(shown('Grüße, 你好, 👩‍🚀 <b>'), 'Grüße, 你好, 👩‍🚀 <b>');
	equal(shownLines('a\r\n\tb\u0007'), 'a\n\tb␇');
});

test('a text is cut between characters', () => {
	equal(cut('abc', 3), 'abc');
	equal(cut('abcd', 3), 'abc… (4 characters)');
	equal(cut('ab👍c', 3), 'ab… (5 characters)');
});

test('numbers are written shortly', () => {
	deepEqual([0, 7, 9999, 10000, 123456, 2.5e6, 1e9].map(short), ['0', '7', '9999', '10k', '123k', '2.5M', '1G']);
	deepEqual([0, 0.001, 0.05, 1, 9.94, 20000].map(rate), ['', '', '<0.1', '1.0', '9.9', '20k']);
	deepEqual([0, 999, 1500, 10e6].map(bytes), ['0 B', '999 B', '1.5 kB', '10 MB']);
	deepEqual([0, 21.456, 1234.5, 1e-7, -0.5, 1e20].map(digits), ['0', '21.5', '1235', '1.00e-7', '-0.5', '1.00e+20']);
	deepEqual([3, 4000, 180e3, 9e6].map(span), ['3 ms', '4 s', '3 min', '2.5 h']);
	deepEqual([0, 1000, 999_500].map((t) => since(t, 1_000_000)), ['', '16 min', 'now']);
});

const lines = (text: string) => text.split('\n').map((line) => ({ text: line }));

test('JSON gets a line for each member, with numbers and texts as they were', () => {
	equal(indented('{"a":[1.0,12345678901234567890,"x\\",{"],"b":{},"c":[ ]}'), '{\n  "a": [\n    1.0,\n    12345678901234567890,\n    "x\\",{"\n  ],\n  "b": {},\n  "c": []\n}');
	deepEqual(JSON.parse(indented('[{"a":[[],[1]]},null]')), [{ a: [[], [1]] }, null]);
	ok(indented('['.repeat(30_000)).length > 30_000);
});

test('lines fold where objects and arrays end', () => {
	const text = lines(indented('{"a":[1,{"b":2}],"c":"{"}'));
	deepEqual([...folds(text)], [8, 6, -1, 5, -1, -1, -1, -1, -1]);
	deepEqual([...folds(lines('}\n[\n]\n{'))], [-1, 2, -1, -1]);
});

test('a line knows its member', () => {
	const text = lines(indented('{"a":[1,{"b":2},[3]],"odd name":{"c":4}}'));
	const paths = text.map((_, i) => path(text, i));
	equal(paths[2], '.a[0]');
	equal(paths[4], '.a[1].b');
	equal(paths[7], '.a[2][0]');
	equal(paths[text.length - 3], '["odd name"].c');
});

// random is a generator of numbers that gives the same each time.
function random(seed: number): () => number {
	return () => {
		seed = (seed * 1103515245 + 12345) & 0x7fffffff;
		return seed / 0x7fffffff;
	};
}

test('a difference by line leads from one text to the other', () => {
	const next = random(7);
	for (let round = 0; round < 400; round++) {
		const text = () => Array.from({ length: Math.floor(next() * 12) }, () => 'abcd'[Math.floor(next() * 4)]).join('\n');
		const before = text(), after = text();
		const d = byLine(before, after);
		if (d.lines.some((l) => l.kind === 'gap')) continue; // equal lines that are left out
		equal(d.lines.filter((l) => l.kind !== 'added').map((l) => l.text).join('\n'), before);
		equal(d.lines.filter((l) => l.kind !== 'removed').map((l) => l.text).join('\n'), after);
		equal(d.lines.filter((l) => l.kind === 'added').length, d.added);
		if (before === after) equal(d.added + d.removed, 0);
	}
	const one = byLine('a\nb\nc\nd\ne\nf\ng\nh\ni', 'a\nb\nc\nd\ne\nf\ng\nX\ni');
	deepEqual(one.lines.map((l) => (l.kind ?? '') + l.text), ['gap4 equal lines', 'e', 'f', 'g', 'removedh', 'addedX', 'i']);
});

test('a difference of large texts is found in bounded time', () => {
	const a = Array.from({ length: 20_000 }, (_, i) => 'a' + i).join('\n'), b = Array.from({ length: 20_000 }, (_, i) => 'b' + i).join('\n');
	const d = byLine(a, b);
	equal(d.added, 20_000);
	equal(d.removed, 20_000);
});

test('a difference by member names what changed', () => {
	deepEqual(byMember('{"a":1,"b":{"c":[1,2]},"d":"x"}', '{"a":1,"b":{"c":[1,3]},"e":{}}'), [
		{ path: '.b.c[1]', before: '2', after: '3' }, { path: '.d', before: '"x"' }, { path: '.e', after: '{}' },
	]);
	equal(byMember('no JSON', '{}'), undefined);
	deepEqual(byMember('1', '2'), [{ path: '(all)', before: '1', after: '2' }]);
	deepEqual(byMember('{"__proto__":1}', '{"__proto__":2}'), [{ path: '.__proto__', before: '1', after: '2' }]);
	const many = (last: number) => JSON.stringify([...Array.from({ length: 20_000 }, (_, i) => i), last]);
	equal(byMember(many(1), many(2)), undefined, 'a difference behind what is looked at is none');
});
