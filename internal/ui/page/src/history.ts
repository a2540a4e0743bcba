// The messages of a topic that are kept, the latest first.
import type { App } from './app';
import { h, onPress, say, set } from './dom';
import { bytes, clock, count, shown, span } from './format';
import type { Entry, Topic } from './protocol';
import { VirtualList } from './virtual';

const rowHeight = 24;

export class History {
	readonly element: HTMLElement;
	private readonly list: VirtualList;
	private topic?: Topic;
	private readonly entries = new Map<number, Entry>();
	private asked = new Set<number>();
	private chosen = 0; // the number of the message that is looked at, 0: the latest
	private held?: number; // the number of the latest message while the list stands still

	constructor(private readonly app: App, private readonly choose: (number: number) => void) {
		this.list = new VirtualList({
			height: rowHeight, make: () => this.make(), fill: (row, i) => this.fill(row, i), seen: (from, to) => this.fetchRows(from, to),
			head: h('div', { class: 'history-head', 'aria-hidden': 'true' }, h('span', { class: 'number' }, 'No.'), h('span', {}, 'Time'), h('span', { class: 'number gap' }, 'After'), h('span', { class: 'flags' }, 'QoS'), h('span', { class: 'number' }, 'Size'), h('span', {}, 'Payload')),
		});
		this.element = this.list.element;
		this.element.classList.add('history');
		for (const [name, value] of Object.entries({ role: 'listbox', tabindex: 0, 'aria-label': 'Messages, the latest first' })) set(this.element, name, value);
		set(this.list.body, 'role', 'presentation');
		onPress(this.element, '.history-row', (row) => Number(row.dataset.number), (number) => this.choose(number));
		this.element.addEventListener('keydown', (e) => this.key(e));
	}

	// update takes the topic as it is now. hold keeps the list as it is while it goes on.
	update(topic: Topic, hold: boolean): void {
		if (topic.node !== this.topic?.node || topic.connection !== this.topic.connection) {
			this.entries.clear();
			this.asked.clear();
			this.chosen = 0;
			this.element.classList.remove('dated');
			this.list.toStart();
		}
		const scrolled = this.element.scrollTop > 0, before = this.last();
		this.topic = topic;
		for (const e of topic.latest ?? []) this.entries.set(e.i, e);
		for (const number of this.entries.keys()) if (number < topic.first || this.entries.size > 5000) this.entries.delete(number);
		this.held = hold ? before || topic.last : undefined;
		const last = this.last();
		this.list.resize(topic.messages ? Math.max(0, last - topic.first + 1) : 0, scrolled ? Math.max(0, last - before) : 0);
		this.list.refresh();
		this.fetchRows(...this.list.range());
	}

	mark(number: number): void {
		this.chosen = number;
		this.list.refresh();
		if (number) set(this.element, 'aria-activedescendant', this.id(number));
	}

	private last(): number {
		return this.held ?? this.topic?.last ?? 0;
	}

	private id(number: number): string {
		return 'message-' + number;
	}

	private make(): HTMLElement {
		return h('div', { class: 'history-row', role: 'option' }, h('span', { class: 'number soft' }), h('span', {}), h('span', { class: 'number soft gap' }), h('span', { class: 'flags' }), h('span', { class: 'number' }), h('bdi', { class: 'preview' }));
	}

	private fill(row: HTMLElement, index: number): void {
		const number = this.last() - index, e = this.entries.get(number), older = this.entries.get(number - 1);
		row.id = this.id(number);
		row.dataset.number = String(number);
		const chosen = number === (this.chosen || this.last());
		set(row, 'aria-selected', String(chosen));
		set(row, 'aria-setsize', this.list.length);
		set(row, 'aria-posinset', index + 1);
		const texts = [count(number), e ? clock(e.t) : '…', e && older ? '+' + span(e.t - older.t) : '', e ? (e.q ?? 0) + (e.k ? ' R' : '') + (e.u ? ' D' : '') : '', e ? bytes(e.s) : '', e ? e.s === 0 ? '(empty)' : shown(e.v ?? '') : ''];
		if (texts[1]!.length > 12) this.element.classList.add('dated'); // a day is named, too
		texts.forEach((text, i) => say(row.children[i]!, text));
	}

	// fetch asks for those of the rows in sight that are not here, in blocks.
	private fetchRows(from: number, to: number): void {
		if (!this.topic) return;
		const { connection, node, first } = this.topic;
		for (let number = this.last() - from; number > Math.max(this.last() - to, first - 1); number--) {
			const block = Math.ceil(number / 200) * 200;
			if (this.entries.has(number) || this.asked.has(block)) continue;
			this.asked.add(block);
			this.app.ask<Entry[] | null>('history', { connection, node, last: block, count: 200 }).then((entries) => {
				if (this.topic?.node !== node || this.topic.connection !== connection) return;
				for (const e of entries ?? []) this.entries.set(e.i, e);
				this.list.refresh();
			}).catch(() => {}).finally(() => this.asked.delete(block));
			number = block - 199;
		}
	}

	private key(e: KeyboardEvent): void {
		const at = this.chosen || this.last(), page = Math.max(1, this.list.range()[1] - this.list.range()[0] - 2);
		const to: Record<string, number> = { ArrowDown: at - 1, ArrowUp: at + 1, PageDown: at - page, PageUp: at + page, Home: this.last(), End: this.topic?.first ?? 1 };
		if (!(e.key in to) || !this.topic || e.ctrlKey || e.metaKey || e.altKey) return;
		const number = Math.max(this.topic.first, Math.min(to[e.key]!, this.last()));
		this.list.reveal(this.last() - number);
		this.choose(number);
		e.preventDefault();
	}
}
