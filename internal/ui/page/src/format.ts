// Numbers, times and texts as people read them.

// invisible are characters that are not seen, or that turn the direction of what is around them.
const invisible = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

// shown returns a text with what is invisible in it made visible, as one line.
export function shown(text: string): string {
	return text.replace(invisible, picture);
}

// shownLines does the same, and leaves line ends and tabs as they are.
export function shownLines(text: string): string {
	return text.replace(/\r\n/g, '\n').replace(invisible, (c) => c === '\n' || c === '\t' ? c : picture(c));
}

function picture(c: string): string {
	const code = c.codePointAt(0)!;
	if (code < 0x20) return String.fromCharCode(0x2400 + code);
	if (code === 0x7f) return '␡';
	return '⟨U+' + code.toString(16).toUpperCase().padStart(4, '0') + '⟩';
}

// cut shortens a text to so many characters, and says how many it had.
export function cut(text: string, length: number): string {
	if (text.length <= length) return text;
	const last = text.charCodeAt(length - 1);
	const end = last >= 0xd800 && last < 0xdc00 ? length - 1 : length; // not between the two halves of a character
	return text.slice(0, end) + '… (' + count(text.length) + ' characters)';
}

export function count(n: number): string {
	return n.toLocaleString('en', { maximumFractionDigits: 0 });
}

const units: [number, string][] = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

// short writes a count in at most five characters.
export function short(n: number): string {
	for (const [size, letter] of units) {
		if (n >= 10 * size || (n >= size && size > 1e3)) return digits(n / size) + letter;
	}
	return String(Math.round(n));
}

// digits writes three significant digits.
export function digits(n: number): string {
	if (!Number.isFinite(n)) return String(n);
	const size = Math.abs(n);
	if (size >= 1e15 || size > 0 && size < 1e-4) return n.toExponential(2);
	return size >= 100 ? String(Math.round(n)) : String(Number(n.toPrecision(3)));
}

export function bytes(n: number): string {
	if (n < 1000) return n + ' B';
	for (const [size, letter] of units) if (n >= size) return digits(n / size) + ' ' + letter + 'B';
	return '';
}

// rate writes messages a second; nothing where there are next to none.
export function rate(n: number): string {
	if (n < 0.005) return '';
	if (n < 0.095) return '<0.1';
	return n < 10 ? n.toFixed(1) : short(n);
}

const two = (n: number): string => String(n).padStart(2, '0');

// clock writes a time of day to the millisecond, with the date unless it is today's.
export function clock(ms: number, now = Date.now()): string {
	if (!ms) return '';
	const d = new Date(ms), today = new Date(now);
	const day = d.toDateString() === today.toDateString() ? '' : date(d) + ' ';
	return day + two(d.getHours()) + ':' + two(d.getMinutes()) + ':' + two(d.getSeconds()) + '.' + String(d.getMilliseconds()).padStart(3, '0');
}

function date(d: Date): string {
	return d.getFullYear() + '-' + two(d.getMonth() + 1) + '-' + two(d.getDate());
}

// moment writes date and time to the second.
export function moment(ms: number): string {
	const d = new Date(ms);
	return date(d) + ' ' + two(d.getHours()) + ':' + two(d.getMinutes()) + ':' + two(d.getSeconds());
}

// since writes how long ago something was, roughly.
export function since(ms: number, now = Date.now()): string {
	if (!ms) return '';
	const s = Math.max(0, (now - ms) / 1000);
	if (s < 1) return 'now';
	if (s < 60) return Math.floor(s) + ' s';
	if (s < 3600) return Math.floor(s / 60) + ' min';
	return s < 86400 ? Math.floor(s / 3600) + ' h' : Math.floor(s / 86400) + ' d';
}

// span writes how much time lies between two times, in milliseconds.
export function span(ms: number): string {
	if (ms < 1000) return digits(ms) + ' ms';
	if (ms < 120e3) return digits(ms / 1000) + ' s';
	return ms < 7200e3 ? digits(ms / 60e3) + ' min' : digits(ms / 3600e3) + ' h';
}

// plural writes a count with the word for what is counted.
export function plural(n: number, one: string, many = one + 's'): string {
	return count(n) + ' ' + (n === 1 ? one : many);
}

// fromBase64 returns the bytes that a text in base64 stands for.
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
	const binary = atob(text), result = new Uint8Array(binary.length);
	for (let i = 0; i < binary.length; i++) result[i] = binary.charCodeAt(i);
	return result;
}

// toBase64 writes bytes in base64.
export function toBase64(data: Uint8Array): string {
	let binary = '';
	for (let i = 0; i < data.length; i += 8192) binary += String.fromCharCode(...data.subarray(i, i + 8192));
	return btoa(binary);
}
