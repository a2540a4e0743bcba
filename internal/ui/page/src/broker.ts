// Figures that a broker publishes about itself below $SYS.
import type { App, Part } from './app';
import { button, fill, h, say, set } from './dom';
import { shown } from './format';
import { Plot, sparkline } from './plot';
import type { Server, Tile } from './protocol';

class TileView {
	readonly element: HTMLElement;
	private readonly value = h('span', { class: 'tile-value' });
	private readonly unit = h('span', { class: 'tile-unit' });
	private readonly line: SVGSVGElement;

	constructor(readonly name: string, press: () => void) {
		this.line = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
		for (const [key, value] of Object.entries({ viewBox: '0 0 100 28', preserveAspectRatio: 'none', class: 'spark', 'aria-hidden': 'true' })) set(this.line, key, value);
		this.line.append(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'));
		this.element = h('button', { type: 'button', class: 'tile', 'aria-pressed': 'false', onclick: press },
			h('span', { class: 'tile-name' }, shown(name)), h('span', { class: 'tile-figure' }, this.value, ' ', this.unit), this.line);
	}

	show(t: Tile, chosen: boolean): void {
		say(this.value, shown(t.value));
		say(this.unit, t.unit ?? '');
		set(this.element, 'title', shown(t.topic));
		set(this.element, 'aria-pressed', String(chosen));
		const values = t.values ?? [];
		this.line.classList.toggle('off', values.length < 2);
		this.element.classList.toggle('words', t.value.length > 14);
		if (values.length > 1) sparkline(this.line, values);
	}
}

export class BrokerPane implements Part {
	readonly element: HTMLElement;
	private readonly title = h('h2', {});
	private readonly tiles = h('div', { class: 'tiles' });
	private readonly none = h('p', { class: 'note' });
	private readonly large: HTMLElement;
	private readonly largeName = h('h3', {});
	private readonly place = h('div', { class: 'plot' });
	private readonly plot = new Plot(this.place);
	private views = new Map<string, TileView>();
	private chosen = '';
	private readonly servers = new Map<number, Server>();

	constructor(private readonly app: App) {
		this.large = h('div', { class: 'large-tile', hidden: true }, h('div', { class: 'bar' }, this.largeName, h('span', { class: 'spring' }), button({ icon: 'close', title: 'Close the chart', press: () => this.choose('') })), this.place);
		this.element = h('section', { class: 'broker-pane', 'aria-label': 'Broker', tabindex: -1 }, this.title, this.none, this.large, this.tiles);
	}

	update(): void {
		const c = this.app.connection, server = c && this.servers.get(c.id);
		say(this.title, server?.product ? shown(server.product) : 'Broker');
		const tiles = server?.tiles ?? [];
		this.none.hidden = tiles.length > 0;
		say(this.none, c?.kind === 'broker' ? 'This broker has published no figures below $SYS that are known here. Subscribe to $SYS/# where it lets you; some brokers have none, or keep them from most users.' : 'Only a connection to a broker has figures of it.');
		const names = tiles.map((t) => t.name);
		if (names.join('\n') !== [...this.views.keys()].join('\n')) {
			this.views = new Map(names.map((name) => [name, this.views.get(name) ?? new TileView(name, () => this.choose(name === this.chosen ? '' : name))]));
			fill(this.tiles, ...[...this.views.values()].map((v) => v.element));
		}
		const large = tiles.find((t) => t.name === this.chosen && (t.values ?? []).length > 1);
		for (const t of tiles) this.views.get(t.name)!.show(t, t === large);
		this.large.hidden = !large;
		if (!large) return;
		say(this.largeName, shown(large.name) + (large.unit ? ', ' + large.unit : ''));
		this.plot.show(shown(large.name), large.times ?? [], large.values ?? []);
	}

	server(s: Server): void {
		this.servers.set(s.connection, s);
		if (s.connection === this.app.connection?.id) this.update();
	}

	private choose(name: string): void {
		this.chosen = name;
		this.update();
	}
}
