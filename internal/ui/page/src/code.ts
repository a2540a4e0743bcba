// A text as lines with numbers: colored and folded where it is JSON. It has elements for the lines in sight only.
import { h, icon, set } from './dom';
import { count, shown } from './format';
import { VirtualList } from './virtual';

export interface Line {
	text: string;
	kind?: 'added' | 'removed' | 'gap' | undefined;
	label?: string; // instead of the number
}

const lineHeight = 19;
const longest = 5000; // characters of a line that are shown

export class CodeView {
	readonly element: HTMLElement;
	// press is called with the path of a member whose number was pressed.
	press?: (path: string) => void;
	private readonly list: VirtualList;
	private lines: Line[] = [];
	private json = false;
	private ends: Int32Array = new Int32Array(); // of each line that opens an object or array: the line that closes it
	private folded = new Set<number>();
	private shownLines: number[] = [];
	private active = 0;

	constructor(label: string) {
		this.list = new VirtualList({ height: lineHeight, make: () => this.make(), fill: (row, index) => this.fill(row, index) });
		this.element = this.list.element;
		this.element.classList.add('code');
		for (const [name, value] of Object.entries({ role: 'group', 'aria-label': label, tabindex: 0 })) set(this.element, name, value);
		this.element.addEventListener('click', (e) => this.click(e));
		this.element.addEventListener('keydown', (e) => this.key(e));
	}

	// show shows lines. What was folded stays so where the text has the same number of lines as before.
	show(lines: Line[], json: boolean): void {
		if (lines.length !== this.lines.length || json !== this.json) {
			this.folded.clear();
			this.active = 0;
		}
		this.lines = lines;
		this.json = json;
		this.ends = json ? folds(lines) : new Int32Array();
		this.element.classList.toggle('unnumbered', lines[0]?.label === '');
		this.element.style.setProperty('--digits', String(String(lines.length).length));
		this.arrange();
	}

	foldAll(depth: number): void {
		this.folded.clear();
		this.lines.forEach((line, i) => {
			if (this.ends[i]! > i + 1 && indent(line.text) >= depth) this.folded.add(i);
		});
		this.arrange();
	}

	private arrange(): void {
		this.shownLines = [];
		for (let i = 0; i < this.lines.length; i++) {
			this.shownLines.push(i);
			if (this.folded.has(i)) i = this.ends[i]! - 1; // the closing line follows
		}
		this.list.resize(this.shownLines.length);
		this.list.refresh();
	}

	private make(): HTMLElement {
		return h('div', { class: 'line' }, h('span', { class: 'line-number' }), h('span', { class: 'line-fold' }), h('code', {}));
	}

	private fill(row: HTMLElement, index: number): void {
		const at = this.shownLines[index]!, line = this.lines[at]!;
		const [number, fold, code] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
		row.dataset.line = String(at);
		row.className = 'virtual-row line ' + (line.kind ?? '') + (index === this.active ? ' active' : '');
		number.textContent = line.label ?? String(at + 1);
		const opens = this.ends[at]! > at + 1;
		if (opens !== !!fold.firstChild) fold.replaceChildren(...(opens ? [icon('open')] : []));
		fold.classList.toggle('opened', opens && !this.folded.has(at));
		const text = line.text.length > longest ? line.text.slice(0, longest) : line.text;
		const pieces = this.json ? colored(text) : [{ kind: '', text: shownTabs(text) }];
		if (text !== line.text) pieces.push({ kind: 'more-text', text: `… ${count(line.text.length - longest)} more characters` });
		if (this.folded.has(at)) pieces.push({ kind: 'more-text', text: ` … ${count(this.ends[at]! - at - 1)} lines ` });
		write(code, pieces);
	}

	private fold(at: number, close: boolean): void {
		if (!(this.ends[at]! > at + 1)) return;
		if (close) this.folded.add(at);
		else this.folded.delete(at);
		this.arrange();
	}

	private click(e: MouseEvent): void {
		const target = e.target as Element, row = target.closest<HTMLElement>('.line');
		if (!row) return;
		const at = Number(row.dataset.line);
		this.active = this.shownLines.indexOf(at);
		if (target.closest('.line-fold, .more-text')) this.fold(at, !this.folded.has(at));
		else if (target.classList.contains('json-number') && this.press) this.press(path(this.lines, at));
		this.list.refresh();
	}

	private key(e: KeyboardEvent): void {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		const [from, to] = this.list.range(), page = Math.max(1, to - from - 1), at = this.shownLines[this.active] ?? 0;
		const moves: Record<string, () => void> = {
			ArrowDown: () => { this.active++; }, ArrowUp: () => { this.active--; }, PageDown: () => { this.active += page; }, PageUp: () => { this.active -= page; },
			Home: () => { this.active = 0; }, End: () => { this.active = this.shownLines.length; },
		};
		if (this.json) {
			moves.ArrowLeft = () => this.fold(at, true);
			moves.ArrowRight = () => this.fold(at, false);
		}
		if (!moves[e.key]) return;
		moves[e.key]!();
		e.preventDefault();
		this.active = Math.max(0, Math.min(this.active, this.shownLines.length - 1));
		this.list.reveal(this.active);
		this.list.refresh();
	}
}

function shownTabs(text: string): string {
	return text.split('\t').map(shown).join('\t');
}

function indent(line: string): number {
	return line.length - line.trimStart().length;
}

// folds finds the line that closes what each line opens, in JSON with a line for each member.
export function folds(lines: Line[]): Int32Array {
	const ends = new Int32Array(lines.length).fill(-1), open: number[] = [];
	lines.forEach((line, i) => {
		const text = line.text.trim();
		if (text.startsWith('}') || text.startsWith(']')) {
			const start = open.pop();
			if (start !== undefined) ends[start] = i;
		}
		if (text.endsWith('{') || text.endsWith('[')) open.push(i);
	});
	return ends;
}

const token = /"(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*|[a-z]+|[^"\da-z-]+|./g;

// Piece is a part of a line with a kind, which is a class of the style; those without are plain.
interface Piece {
	kind: string;
	text: string;
}

// colored takes a line of JSON apart, with a color for each kind of token.
function colored(text: string): Piece[] {
	const pieces: Piece[] = [];
	let place = 0, colors = 0;
	for (const match of text.matchAll(token)) {
		const t = match[0];
		place = match.index + t.length;
		let kind = '';
		if (t.startsWith('"')) kind = /^\s*:/.test(text.slice(place)) ? 'json-key' : 'json-string';
		else if (/^[-\d]/.test(t)) kind = 'json-number';
		else if (/^(true|false|null)$/.test(t)) kind = 'json-word';
		if (kind && ++colors < 200) pieces.push({ kind, text: shown(t) });
		else pieces.push({ kind: '', text: shownTabs(t) });
	}
	return pieces;
}

// write has an element show pieces. Elements of the same kinds stay: a press on one that goes before it ends is none.
function write(code: HTMLElement, pieces: Piece[]): void {
	const now = [...code.childNodes] as (Text | HTMLElement)[];
	if (now.length === pieces.length && now.every((node, i) => (node instanceof Text ? '' : node.className) === pieces[i]!.kind)) {
		now.forEach((node, i) => {
			if (node.textContent !== pieces[i]!.text) node.textContent = pieces[i]!.text;
		});
	} else code.replaceChildren(...pieces.map(({ kind, text }) => kind ? h('span', { class: kind }, text) : text));
}

const key = /^\s*("(?:[^"\\]|\\.)*")\s*:/;

// path names the member in a line of JSON with a line for each member, such as .a.b[0].
export function path(lines: Line[], at: number): string {
	let result = '';
	let depth = indent(lines[at]!.text), line = at;
	while (depth > 0) {
		const name = key.exec(lines[line]!.text);
		let siblings = 0, parent = line - 1;
		for (; parent >= 0 && indent(lines[parent]!.text) >= depth; parent--) {
			if (indent(lines[parent]!.text) === depth && !/^\s*[}\]]/.test(lines[parent]!.text)) siblings++;
		}
		result = (name ? member(name[1]!) : `[${siblings}]`) + result;
		line = Math.max(parent, 0);
		depth = indent(lines[line]!.text);
	}
	return result;
}

function member(quoted: string): string {
	const name = JSON.parse(quoted) as string;
	return /^[A-Za-z_]\w*$/.test(name) ? '.' + name : '[' + quoted + ']';
}

// indented writes JSON with a line for each member, and leaves numbers and texts as they are. Nothing is checked.
export function indented(text: string): string {
	let result = '', depth = 0;
	const line = () => '\n' + '  '.repeat(Math.min(depth, 200));
	for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"?|[{[]\s*[}\]]|[{}[\],:]|[^\s"{}[\],:]+/g)) {
		const t = match[0];
		if (t === '{' || t === '[') {
			depth++;
			result += t + line();
		} else if (t === '}' || t === ']') {
			depth = Math.max(0, depth - 1);
			result += line() + t;
		} else if (t === ',') result += t + line();
		else if (t === ':') result += ': ';
		else result += /^[{[]/.test(t) ? t[0]! + t[t.length - 1]! : t;
	}
	return result;
}
