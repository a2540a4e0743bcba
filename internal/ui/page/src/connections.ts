// The connections at the top of the page.
import type { App } from './app';
import { button, h, say, set } from './dom';
import { rate, shown } from './format';
import type { Connection } from './protocol';

// Entry is one of them.
class Entry {
	readonly element: HTMLElement;
	private readonly dot = h('span', { class: 'dot' });
	private readonly name = h('bdi', {});
	private readonly rate = h('span', { class: 'soft rate' });
	private readonly main: HTMLButtonElement;
	private readonly aside: HTMLButtonElement;

	constructor(turn: () => void, beside: () => void) {
		this.main = h('button', { type: 'button', class: 'connection', onclick: turn }, this.dot, this.name, this.rate);
		this.aside = button({ icon: 'beside', title: 'Show its tree beside', class: 'aside', press: beside });
		this.element = h('span', { class: 'connection-entry' }, this.main, this.aside);
	}

	show(c: Connection, current: boolean, beside: boolean, several: boolean): void {
		this.dot.dataset.state = c.state;
		this.dot.dataset.kind = c.kind;
		say(this.name, shown(c.name));
		say(this.rate, c.recording ? '● ' + rate(c.rate) : rate(c.rate));
		set(this.main, 'aria-current', current ? 'true' : undefined);
		set(this.main, 'title', `${shown(c.url || c.name)}: ${c.state}`);
		if (current && !this.element.classList.contains('current')) this.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
		this.element.classList.toggle('current', current);
		this.aside.hidden = !several || current;
		set(this.aside, 'aria-pressed', String(beside));
		set(this.aside, 'aria-label', `Show the tree of ${shown(c.name)} beside`);
	}
}

export class Connections {
	readonly element = h('nav', { class: 'connections', 'aria-label': 'Connections' });
	readonly beside = new Set<number>();
	private readonly entries = new Map<number, Entry>();
	private readonly add: HTMLButtonElement;

	constructor(private readonly app: App, private readonly turnTo: (id: number) => void, private readonly changed: () => void, connect: () => void) {
		this.add = button({ icon: 'plus', title: 'Connect to another broker, or open a recording', press: connect });
		this.element.append(this.add);
		new ResizeObserver(() => this.reveal()).observe(this.element);
	}

	// reveal scrolls to the connection that the page is about.
	private reveal(): void {
		this.element.querySelector('.current')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
	}

	update(): void {
		const { connections, readOnly } = this.app.hello, current = this.app.connection?.id;
		for (const [id, entry] of this.entries) {
			if (connections.some((c) => c.id === id)) continue;
			entry.element.remove();
			this.entries.delete(id);
			this.beside.delete(id);
		}
		for (const c of connections) {
			let entry = this.entries.get(c.id);
			if (!entry) {
				entry = new Entry(() => this.turnTo(c.id), () => this.toggle(c.id));
				this.entries.set(c.id, entry);
				this.element.insertBefore(entry.element, this.add);
			}
			entry.show(c, c.id === current, this.beside.has(c.id), connections.length > 1);
		}
		this.add.hidden = readOnly;
	}

	// turn goes to the next connection, or to the one before.
	turn(by: number): void {
		const { connections } = this.app.hello, at = connections.findIndex((c) => c.id === this.app.connection?.id);
		if (connections.length) this.turnTo(connections[(at + by + connections.length) % connections.length]!.id);
	}

	private toggle(id: number): void {
		if (!this.beside.delete(id)) this.beside.add(id);
		this.update();
		this.changed();
	}
}
