// The tree of topics of one connection. The server keeps it; the page asks for the rows in sight, and some around them.
import type { App, Part } from './app';
import { button, h, newID, onPress, say, set } from './dom';
import { count, plural, shown } from './format';
import type { Connection, Row, Rows, See } from './protocol';
import { TreeRow } from './treerow';
import { VirtualList } from './virtual';

const rowHeight = 26;
const around = 60; // rows above and below those in sight that are asked for, too

const mostBlinks = 12;
const patience = 1000; // milliseconds after an answer in which the rows come that it makes
const small = 100; // topics of a tree that is unfolded when it is first seen

// Pressed is a row as it was when a press on it began.
interface Pressed {
	index: number;
	row: Row | undefined;
	onTwist: boolean;
}

type Sort = 'name' | 'messages' | 'rate' | 'time';

export class Tree implements Part {
	readonly element: HTMLElement;
	private readonly list: VirtualList;
	private readonly grid: HTMLElement;
	private readonly search: HTMLInputElement;
	private readonly status = h('div', { class: 'tree-status', role: 'status' });
	private readonly heading = h('bdi', { class: 'tree-name' });
	private readonly heads = new Map<Sort, HTMLElement>();
	private readonly views = new WeakMap<HTMLElement, TreeRow>();
	private readonly rows = new Map<number, Row>();
	private readonly ids = newID('tree');
	private sort: Sort = 'name';
	private active = 0;
	private activeNode = 0;
	private selected = 0;
	private seen?: See;
	private asking = false;
	private again = false;
	private isVisible = false;
	private blinks = true; // rows blink when their counts change; not where all of them do
	private unfolded = false; // it is done once, when the first rows come
	private searchTimer = 0;
	private found = ''; // what was searched for when the rows that are here came
	private ahead: KeyboardEvent[] = []; // keys for rows that have not come yet
	private opening?: { node: number; open: boolean }; // a branch that a key has opened or closed, until its rows have come
	private pressed?: Row; // by the mouse, the last time
	private clock = 0; // of what rows say of time, such as "3 s"

	constructor(private readonly app: App, readonly connection: number) {
		this.search = h('input', {
			type: 'search', class: 'search', placeholder: 'Search, or a filter: +/room/#', 'aria-label': 'Search topics and values, or filter as MQTT does', spellcheck: 'false',
			oninput: () => this.searchSoon(), onkeydown: (e: KeyboardEvent) => this.searchKey(e),
		});
		const head = h('div', { class: 'tree-head', role: 'rowgroup' }, h('div', { role: 'row', 'aria-rowindex': 1 },
			this.head('name', 'Topic', ''), this.head('messages', 'Messages', 'number'), this.head('rate', 'Per s', 'number rate'), this.head('time', 'Last', 'number time')));
		this.list = new VirtualList({
			height: rowHeight, head, make: () => this.makeRow(), fill: (row, index) => this.fillRow(row, index), seen: () => this.see(),
		});
		set(this.list.body, 'role', 'rowgroup');
		this.grid = this.list.element;
		this.grid.classList.add('tree-grid');
		for (const [name, value] of Object.entries({ role: 'treegrid', tabindex: 0, 'aria-label': 'Topics', 'aria-colcount': 4 })) set(this.grid, name, value);
		this.grid.addEventListener('keydown', (e) => { if (e.target === this.grid) this.key(e); }); // its head has keys of its own
		onPress(this.grid, '.tree-row', (element, target) => ({ index: Number(element.dataset.index), row: this.views.get(element)?.row, onTwist: !!target.closest('.twist') }), (at, e) => this.press(at, e));
		this.grid.addEventListener('dblclick', (e) => this.pressTwice(e));
		this.grid.addEventListener('focus', () => this.mark());
		this.element = h('section', { class: 'tree', 'aria-label': 'Topic tree' },
			h('div', { class: 'bar' }, this.heading, this.search,
				button({ icon: 'unfold', title: 'Open all branches', press: () => void this.open(0, true, true) }),
				button({ icon: 'fold', title: 'Close all branches', press: () => void this.open(0, false, true) })),
			this.grid, this.status);
		this.showSort();
	}

	update(): void {
		const c = this.here();
		if (!c) return;
		say(this.heading, c.name);
		if (!this.seen?.search) say(this.status, plural(c.topics, 'topic') + (c.forgotten ? `, history begins after ${plural(c.forgotten, 'message')}` : ''));
		this.showHint(c);
	}

	visible(on: boolean): void {
		this.isVisible = on;
		clearInterval(this.clock);
		if (on) {
			this.clock = window.setInterval(() => this.list.refresh(), 1000);
			this.seen = undefined;
			this.see();
			this.list.refresh();
		} else if (this.seen) {
			this.seen = undefined;
			if (this.here()) void this.app.ask('see', { connection: this.connection, from: 0, count: 0 }).catch(() => {}); // else it is closed
		}
	}

	// forgotten has a small tree unfolded once more: the server no longer knows what this page had opened.
	forgotten(): void {
		this.unfolded = false;
	}

	// take takes rows that have come.
	take(push: Rows): void {
		if ((push.search ?? '') !== this.seen?.search) return;
		this.found = push.search ?? '';
		let changed = 0;
		const [from, to] = this.list.range();
		(push.rows ?? []).forEach((row, i) => {
			const index = push.from + i;
			if (index >= from && index < to && this.rows.get(index)?.m !== row.m) changed++;
			this.rows.set(index, row);
		});
		this.blinks = changed <= mostBlinks;
		for (const index of this.rows.keys()) {
			if (index >= push.total || Math.abs(index - push.from) > 1500) this.rows.delete(index);
		}
		if (!this.unfolded) this.unfold(push);
		this.followActive(push);
		this.list.resize(push.total);
		const c = this.here();
		if (c) this.showHint(c);
		set(this.grid, 'aria-rowcount', push.total + 1);
		if (push.search) say(this.status, `${count(push.found ?? 0)} of ${plural(this.here()?.topics ?? 0, 'topic')} found`);
		this.list.refresh();
		const turning = this.opening, branch = turning ? [...this.rows.values()].filter((row) => row.n === turning.node) : [];
		if (!branch.length || branch.some((row) => !!row.o === turning!.open)) this.turned();
	}

	// select marks the topic that is looked at.
	select(node: number): void {
		if (this.selected === node) return;
		this.selected = node;
		this.list.refresh();
	}

	focusSearch(): void {
		this.search.focus();
		this.search.select();
	}

	focus(): void {
		this.grid.focus();
	}

	async open(node: number, open: boolean, below = false): Promise<void> {
		await this.app.ask('open', { connection: this.connection, node, open, below }).then(() => this.see()).catch(() => {});
	}

	// turn opens or closes a branch by a key. What is pressed next counts in the rows that there are then.
	private turn(row: Row, open: boolean): void {
		const opening = this.opening = { node: row.n, open };
		this.list.reveal(this.active);
		void this.open(row.n, open).then(() => window.setTimeout(() => {
			if (this.opening === opening) this.turned(); // what has not come by then does not come
		}, patience));
	}

	// turned has the keys count that were pressed since.
	private turned(): void {
		this.opening = undefined;
		const ahead = this.ahead;
		this.ahead = [];
		for (const key of ahead) this.key(key);
	}

	// unfold opens the branches of a small tree, so that its topics are seen at once. What servers say of themselves stays closed.
	private unfold(push: Rows): void {
		if (!push.total) return; // nothing has come yet
		this.unfolded = true;
		if ((this.here()?.topics ?? 0) > small || push.from > 0) return;
		for (const row of push.rows ?? []) if (row.b && !row.d && !row.o && row.b <= small && !row.l.startsWith('$')) void this.open(row.n, true, true);
	}

	// showHint says why there is no row.
	private showHint(c: Connection): void {
		const searching = !!this.search.value.trim();
		this.grid.classList.toggle('none', !this.list.length && (c.topics === 0 || searching));
		set(this.grid, 'data-hint', searching && c.topics ? 'Nothing is found. The search looks in names and last values; with + or # as a level it is a filter.' : hint(c, this.app.hello.readOnly));
	}

	private here(): Connection | undefined {
		return this.app.hello.connections.find((c) => c.id === this.connection);
	}

	private head(sort: Sort, text: string, kind: string): HTMLElement {
		const cell = h('div', { role: 'columnheader', class: kind }, h('button', {
			type: 'button', title: 'Sort by this', onclick: () => this.sortBy(sort),
		}, text));
		this.heads.set(sort, cell);
		return cell;
	}

	private sortBy(sort: Sort): void {
		if (this.sort === sort) return;
		this.sort = sort;
		this.showSort();
		this.rows.clear();
		this.see();
	}

	private showSort(): void {
		for (const [sort, cell] of this.heads) set(cell, 'aria-sort', sort !== this.sort ? 'none' : sort === 'name' ? 'ascending' : 'descending');
	}

	// see tells the server what is in sight, once the answer to the last such telling has come.
	private see(): void {
		if (!this.isVisible) return;
		if (this.asking) {
			this.again = true;
			return;
		}
		const [from, to] = this.list.range();
		const search = this.search.value.trim(), before = this.seen;
		const same = before && before.search === search && before.sort === this.sort;
		const ahead = Math.min(from, 10), behind = Math.min(Math.max(this.list.length - to, 0), 10);
		if (same && from - ahead >= before.from && to + behind <= before.from + before.count) return;
		const first = Math.max(0, from - around);
		this.seen = { connection: this.connection, from: first, count: Math.min(500, Math.max(to, from + 40) + around - first), search, sort: this.sort };
		this.asking = true;
		this.app.ask('see', this.seen).catch(() => {
			this.seen = undefined;
			this.ahead = [];
		}).finally(() => {
			this.asking = false;
			if (this.again) {
				this.again = false;
				this.see();
			}
		});
	}

	private searchSoon(): void {
		clearTimeout(this.searchTimer);
		this.ahead = [];
		this.opening = undefined;
		this.searchTimer = window.setTimeout(() => {
			if (this.search.value.trim() === this.seen?.search) return; // nothing else would come
			this.rows.clear();
			this.list.toStart();
			this.active = 0;
			this.activeNode = 0;
			this.see();
			this.update();
		}, 120);
	}

	private searchKey(e: KeyboardEvent): void {
		if (e.key === 'Escape' && this.search.value) {
			this.search.value = '';
			this.searchSoon();
		} else if (e.key === 'ArrowDown' || e.key === 'Enter' || e.key === 'Escape') this.focus();
		else return;
		e.preventDefault();
		e.stopPropagation();
	}

	private makeRow(): HTMLElement {
		const view = new TreeRow();
		this.views.set(view.element, view);
		return view.element;
	}

	private fillRow(element: HTMLElement, index: number): void {
		const row = this.rows.get(index);
		element.dataset.index = String(index);
		this.views.get(element)!.show(row, index, { active: index === this.active, selected: !!row && row.n === this.selected, blinks: this.blinks, id: this.ids + '-' + index });
	}

	// followActive keeps the row that has the focus the active one, when others came in above it.
	private followActive(push: Rows): void {
		const at = (push.rows ?? []).findIndex((row) => row.n === this.activeNode);
		if (at >= 0) this.active = push.from + at;
		this.active = Math.max(0, Math.min(this.active, push.total - 1));
		this.mark();
	}

	private mark(): void {
		set(this.grid, 'aria-activedescendant', this.list.length ? this.ids + '-' + this.active : undefined);
	}

	private go(index: number): void {
		this.active = Math.max(0, Math.min(index, this.list.length - 1));
		this.activeNode = this.rows.get(this.active)?.n ?? 0;
		this.list.reveal(this.active);
		this.list.refresh();
		this.mark();
	}

	private choose(row: Row | undefined): void {
		if (!row) return;
		this.select(row.n);
		this.app.look(this.connection, row.n);
	}

	private press({ index, row, onTwist }: Pressed, e: MouseEvent): void {
		this.opening = undefined; // by a key
		this.ahead = [];
		const now = row && this.rows.get(index)?.n !== row.n ? [...this.rows].find(([, other]) => other.n === row.n)?.[0] : index;
		this.go(now ?? index);
		this.pressed = row;
		if (!row) return;
		if (row.b && (onTwist || !row.p && e.detail < 2)) void this.open(row.n, !row.o); // the second press of two does not close it again
		if (!onTwist && (row.p || !this.app.isNarrow())) this.choose(row);
	}

	private pressTwice(e: MouseEvent): void {
		const row = this.pressed, target = e.target as Element;
		if (!target.closest('.tree-row')) return; // it is on the head, or below the rows
		if (row?.b && row.p && !target.closest('.twist')) void this.open(row.n, !row.o);
	}

	// parent finds the row above one that it belongs to, among those that are here.
	private parent(index: number): number {
		const depth = this.rows.get(index)?.d ?? 0;
		for (let i = index - 1; i >= 0 && this.rows.has(i); i--) if ((this.rows.get(i)!.d ?? 0) < depth) return i;
		return index;
	}

	// path is the topic of a row, as far as the rows above it are here.
	private path(index: number): string {
		const row = this.rows.get(index), above = this.parent(index);
		if (!row) return '…';
		return !row.d ? row.l : (above === index ? '…' : this.path(above)) + '/' + row.l;
	}

	// missing reports whether a key does something with the active row, which has not come yet.
	private missing(key: string): boolean {
		return !this.rows.has(this.active) && this.active < this.list.length && !/^(Page|Home|End|ArrowUp|ArrowDown)/.test(key);
	}

	// waits reports whether a key is to count later: a person who types ahead means the rows that come of a search, of the branch that is being
	// opened or of a row that has not come yet, and the keys in the order in which they were pressed.
	private waits(key: string): boolean {
		return this.missing(key) || !!this.opening || this.ahead.length > 0 || this.found !== this.search.value.trim();
	}

	// key does what a key is for, at once or when that has come which it waits for.
	private key(e: KeyboardEvent): void {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		const row = this.rows.get(this.active), page = Math.max(1, this.list.range()[1] - this.list.range()[0] - 2);
		const moves: Record<string, () => void> = {
			ArrowDown: () => this.go(this.active + 1), ArrowUp: () => this.go(this.active - 1), PageDown: () => this.go(this.active + page), PageUp: () => this.go(this.active - page),
			Home: () => this.go(0), End: () => this.go(this.list.length - 1),
			ArrowRight: () => row?.b && !row.o ? this.turn(row, true) : row?.b ? this.go(this.active + 1) : this.choose(row),
			ArrowLeft: () => row?.b && row.o ? this.turn(row, false) : this.go(this.parent(this.active)),
			Enter: () => this.choose(row), ' ': () => row?.b ? this.turn(row, !row.o) : this.choose(row),
			'*': () => row && void this.open(row.n, true, true),
			Delete: () => row && this.app.clear(this.connection, row.n, this.path(this.active)),
		};
		const move = moves[e.key];
		if (!move) return;
		e.preventDefault();
		if (!this.waits(e.key)) {
			move();
			return;
		}
		this.ahead.push(e);
		if (this.missing(e.key)) this.list.reveal(this.active); // so that it comes
	}
}

// hint says why a tree is empty.
function hint(c: Connection, readOnly: boolean): string {
	const detail = shown(c.detail ?? '');
	if (c.kind === 'recording') return c.state === 'ended' ? detail : 'The recording has no message up to here. Play it, or go to a later place.';
	if (c.kind === 'proxy') return 'No device has sent or received a message yet.';
	if (c.state !== 'connected') return detail || 'Not connected yet.';
	if (!c.filters?.length) return 'Nothing is subscribed.' + (readOnly ? '' : ' Add a filter above.');
	return c.filters.every((f) => f.error) ? 'No subscription is in force: ' + shown(c.filters[0]!.error!) : 'No message has come yet.';
}
