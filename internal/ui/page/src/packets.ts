// The packet log: what went over a connection both ways, and why it ended.
import type { App, Part } from './app';
import { Dissection } from './dissection';
import { EndCards } from './ends';
import { button, choose, h, icon, labelled, onPress, say, select, set } from './dom';
import { bytes, clock, count, plural, shown } from './format';
import type { Packet, Packets, Watch } from './protocol';
import { Splitter } from './splitter';
import { VirtualList } from './virtual';

const rowHeight = 24;
const block = 400; // packets that are asked for at once
const most = 6000; // packets that the page keeps

const types: [string, string][] = [
	['', 'all packets'], ['CONNECT,CONNACK,DISCONNECT,AUTH', 'connecting'], ['PUBLISH', 'PUBLISH'], ['PUBLISH,PUBACK,PUBREC,PUBREL,PUBCOMP', 'messages and acknowledgements'],
	['SUBSCRIBE,SUBACK,UNSUBSCRIBE,UNSUBACK', 'subscribing'], ['PINGREQ,PINGRESP', 'pings'], ['CONNECT,CONNACK,DISCONNECT,AUTH,SUBSCRIBE,SUBACK,UNSUBSCRIBE,UNSUBACK,PUBLISH,PUBACK,PUBREC,PUBREL,PUBCOMP', 'all but pings'],
];

export class PacketPane implements Part {
	readonly element: HTMLElement;
	private readonly list: VirtualList;
	private readonly type = select(types, () => this.watch());
	private readonly text = h('input', { type: 'search', placeholder: 'Search in packets', 'aria-label': 'Search in packets', class: 'search', spellcheck: 'false', oninput: () => this.watchSoon() });
	private readonly device = select([['0', 'all devices']], () => this.watch());
	private readonly deviceField: HTMLElement;
	private readonly status = h('span', { class: 'soft status', role: 'status' });
	private readonly tail: HTMLButtonElement;
	private readonly ends: EndCards;
	private readonly dissection: Dissection;
	private readonly main: HTMLElement;
	private packetsHere: Packet[] = [];
	private first = 0;
	private last = 0; // of all that there are
	private active = 0; // number of the packet that is chosen
	private following = true;
	private older = false; // older ones are being asked for
	private newer = false; // and newer ones
	private asks = 0; // how often the latest were asked for
	private asking = 0; // the number of the ask that is not answered yet
	private watched = 0; // whose packets the server tells of
	private of = 0; // whose packets are here, and are searched
	private isVisible = false;
	private timer = 0;

	// answered is given what the server answers, for others that show devices.
	constructor(private readonly app: App, private readonly answered: (packets: Packets) => void) {
		this.deviceField = labelled('Device', this.device, 'inline');
		const head = h('div', { class: 'packet-head', role: 'rowgroup' }, h('div', { role: 'row' }, ...['No.', 'Time', 'Way', 'Packet', 'What', 'Size'].map((text, i) => h('div', { role: 'columnheader', class: [0, 5].includes(i) ? 'number' : '' }, text))));
		this.list = new VirtualList({ height: rowHeight, head, make: () => this.make(), fill: (row, i) => this.fill(row, i), seen: (from, to) => { this.seen(from); this.goOn(to); } });
		const grid = this.list.element;
		grid.classList.add('packet-list');
		for (const [name, value] of Object.entries({ role: 'grid', tabindex: 0, 'aria-label': 'Packets, the latest last', 'aria-colcount': 6 })) set(grid, name, value);
		set(this.list.body, 'role', 'rowgroup');
		onPress(grid, '.packet-row', (row) => Number(row.dataset.number), (number) => this.press(number));
		grid.addEventListener('keydown', (e) => this.key(e));
		grid.addEventListener('wheel', (e) => { if (e.deltaY < 0) this.follow(false); }, { passive: true });
		grid.addEventListener('touchmove', () => this.follow(this.list.atEnd()), { passive: true });
		grid.addEventListener('pointerdown', (e) => { if (e.target === grid || e.pointerType === 'mouse') this.follow(false); }); // what is pressed stays where it is
		this.tail = button({ icon: 'down', title: 'Follow the latest packets ( . )', press: () => this.turn() });
		this.ends = new EndCards((number) => void this.go(number));
		this.dissection = new Dissection(app, () => this.close());
		this.main = h('div', { class: 'packet-main' }, grid, this.dissection.element);
		this.main.insertBefore(new Splitter(this.main, 'dissection', 'Height of the packet', 'y').element, this.dissection.element);
		this.element = h('section', { class: 'packet-pane', 'aria-label': 'Packets' }, h('div', { class: 'bar' }, this.text, this.type, this.deviceField, h('span', { class: 'spring' }), this.status, this.tail), this.ends.element, this.main);
		set(this.type, 'aria-label', 'Kinds of packets');
		this.showFollowing();
	}

	update(): void {
		const c = this.app.connection;
		this.deviceField.hidden = c?.kind !== 'proxy';
		if (this.isVisible && (c?.id ?? 0) !== this.watched) this.watch();
	}

	visible(on: boolean): void {
		this.isVisible = on;
		if (on) {
			this.watch(!this.following);
			return;
		}
		if (this.timer) this.packetsHere = []; // they are not those of the search
		clearTimeout(this.timer);
		this.timer = 0;
		if (this.watched) {
			this.watched = 0;
			void this.app.ask('watch', { connection: 0, count: 0 }).catch(() => {});
		}
	}

	// packets takes packets that have come by themselves.
	packets(p: Packets): void {
		if (p.connection !== this.watched) return;
		this.show(p);
		if (!this.following || this.asking) return; // what is being asked for has other packets
		this.merge(p.packets ?? []);
		this.list.toEnd();
	}

	private show(p: Packets): void {
		this.first = p.first;
		this.last = p.last;
		this.showDevices(p);
		if (p.ends) this.ends.show(p.ends);
		say(this.status, p.last ? `${plural(p.last, 'packet')}${p.first > 1 ? ', kept from ' + count(p.first) : ''}` : 'No packets yet');
	}

	// go shows a packet, which may be an old one.
	async go(number: number): Promise<void> {
		this.follow(false);
		if (!this.packetsHere.some((p) => p.i === number)) {
			this.asking = 0; // what was asked for is no longer wanted
			const asks = ++this.asks;
			this.text.value = this.type.value = '';
			this.device.value = '0';
			const p = await this.app.ask<Packets>('watch', { ...this.asked(), last: number + 50, count: block }).catch(() => undefined);
			if (!p || asks !== this.asks || p.connection !== this.watched) return;
			this.packetsHere = p.packets ?? [];
			this.first = p.first;
			this.list.resize(this.packetsHere.length);
		}
		this.choose(number);
		const index = this.packetsHere.findIndex((p) => p.i === number);
		if (index >= 0) this.list.reveal(index);
		this.list.refresh();
		this.showHint();
	}

	private asked(): Watch {
		return { connection: this.watched, device: Number(this.device.value) || undefined, type: this.type.value, text: this.text.value.trim(), count: block } as Watch;
	}

	private watchSoon(): void {
		clearTimeout(this.timer);
		this.timer = window.setTimeout(() => {
			this.timer = 0;
			this.watch();
		}, 200);
	}

	// watch asks for the latest packets, and for those that follow. Where they are not followed, those that are here may stay.
	private watch(stay = false): void {
		const id = this.app.connection?.id ?? 0, stays = stay && id === this.of && this.packetsHere.length > 0;
		if (id !== this.of) {
			this.device.value = '0';
			this.text.value = this.type.value = '';
			this.choose(0);
			this.ends.show([]);
			this.list.element.classList.remove('dated');
		}
		this.watched = this.of = id;
		if (!stays) {
			this.packetsHere = [];
			this.list.resize(0);
		}
		if (!id) return;
		const number = this.asking = ++this.asks;
		this.showHint();
		this.app.ask<Packets>('watch', this.asked()).then((p) => {
			if (this.asking !== number || this.watched !== id) return;
			this.asking = 0;
			this.show(p);
			this.answered(p);
			if (stays) return;
			this.merge(p.packets ?? []);
			this.list.toEnd();
		}).catch(() => {}).finally(() => {
			if (this.asking === number) this.asking = 0;
			this.showHint();
		});
	}

	// showHint says why there is no packet.
	private showHint(): void {
		this.list.element.classList.toggle('none', !this.packetsHere.length);
		set(this.list.element, 'data-hint', this.asking ? 'Looking…' : this.filtered() ? 'No packet that is kept is one of these.' : this.app.connection?.kind === 'recording' ? 'A recording has messages, and no packets.' : 'No packets yet.');
	}

	private merge(packets: Packet[]): void {
		const last = this.packetsHere.at(-1)?.i ?? 0, fresh = packets.filter((p) => p.i > last);
		this.packetsHere.push(...fresh);
		const over = Math.max(0, this.packetsHere.length - most);
		this.packetsHere.splice(0, over);
		this.list.resize(this.packetsHere.length, this.following ? 0 : -over);
		this.list.refresh();
		this.showHint();
	}

	// turn follows the latest packets, or no longer.
	turn(): void {
		this.follow(!this.following);
	}

	private follow(on: boolean): void {
		if (on === this.following) return;
		this.following = on;
		this.showFollowing();
		if (on) this.watch();
	}

	private showFollowing(): void {
		set(this.tail, 'aria-pressed', String(this.following));
		this.tail.classList.toggle('on', this.following);
	}

	private showDevices(p: Packets): void {
		if (!p.devices) return;
		choose(this.device, [['0', 'all devices'], ...p.devices.map((d): [string, string] => [String(d.id), shown(d.clientId || d.address) + (d.ended ? ' (gone)' : '')])], this.device.value);
	}

	// seen asks for older packets where the list is looked at near its start.
	private seen(from: number): void {
		const oldest = this.packetsHere[0]?.i ?? 0;
		if (from > 30 || this.older || this.following || oldest <= this.first || !this.watched) return;
		this.older = true;
		const asks = this.asks;
		this.app.ask<Packets>('watch', { ...this.asked(), last: oldest - 1 }).then((p) => {
			if (asks !== this.asks || this.packetsHere[0]?.i !== oldest) return; // others are shown by now
			const packets = (p.packets ?? []).filter((packet) => packet.i < oldest);
			if (!packets.length) this.first = oldest; // the filter lets none of them through
			this.packetsHere.unshift(...packets);
			this.list.resize(this.packetsHere.length, packets.length);
			this.list.refresh();
		}).catch(() => {}).finally(() => { this.older = false; });
	}

	// goOn asks for newer packets where the list is looked at near its end, which is not that of all packets when an older one was gone to.
	private goOn(to: number): void {
		const newest = this.packetsHere.at(-1)?.i ?? 0;
		if (to < this.packetsHere.length - 30 || this.newer || this.following || !newest || newest >= this.last || this.filtered()) return;
		this.newer = true;
		const asks = this.asks, before = Math.max(newest, this.first - 1); // what came in between may be kept no longer
		this.app.ask<Packets>('watch', { ...this.asked(), last: before + block }).then((p) => {
			if (asks !== this.asks || this.following) return;
			this.first = p.first;
			this.merge(p.packets ?? []);
		}).catch(() => {}).finally(() => { this.newer = false; });
	}

	// filtered reports whether some packets are not to be shown.
	private filtered(): boolean {
		return !!this.text.value.trim() || !!this.type.value || this.device.value !== '0';
	}

	private make(): HTMLElement {
		return h('div', { class: 'packet-row', role: 'row' }, ...['number soft', 'time', 'way', 'type', 'what', 'number'].map((kind) => h('div', { class: kind, role: 'gridcell' })));
	}

	private fill(row: HTMLElement, index: number): void {
		const p = this.packetsHere[index];
		if (!p) return;
		row.id = 'packet-' + p.i;
		row.dataset.number = String(p.i);
		const event = p.y === p.y.toLowerCase();
		row.className = `virtual-row packet-row ${event ? 'event' : p.s ? 'sent' : 'received'}${p.e ? ' fault' : ''}`;
		set(row, 'aria-selected', String(p.i === this.active));
		set(row, 'aria-rowindex', index + 2);
		const [number, time, way, type, what, size] = [...row.children] as HTMLElement[];
		say(number!, count(p.i));
		const at = clock(p.t / 1000);
		say(time!, at);
		if (at.length > 12) this.list.element.classList.add('dated'); // a day is named, too
		const direction = event ? '' : p.s ? 'up' : 'down';
		if (way!.dataset.way !== direction) {
			way!.dataset.way = direction;
			way!.replaceChildren(...(direction ? [icon(direction), h('span', { class: 'unseen' }, p.s ? 'sent' : 'received')] : []));
		}
		say(type!, p.y);
		type!.dataset.kind = kind(p.y);
		say(what!, shown(p.m) + (p.e ? '  ⚠ ' + p.e : ''));
		say(size!, event ? '' : bytes(p.z));
	}

	private choose(number: number): void {
		this.active = number;
		set(this.list.element, 'aria-activedescendant', number ? 'packet-' + number : undefined);
		this.main.classList.toggle('open', number > 0);
		this.list.refresh();
		if (number) this.dissection.show(this.watched, number);
	}

	// close shows no packet, and goes back to the list.
	private close(): void {
		this.choose(0);
		this.list.element.focus({ preventScroll: true });
	}

	private press(number: number): void {
		this.follow(false);
		this.choose(number);
	}

	private key(e: KeyboardEvent): void {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		const last = this.packetsHere.length - 1, page = Math.max(1, this.list.range()[1] - this.list.range()[0] - 2);
		const found = this.packetsHere.findIndex((p) => p.i === this.active), at = found < 0 ? last + 1 : found;
		const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last };
		if (e.key === 'Escape' && this.active) this.close();
		else if (e.key in to && last >= 0) {
			const index = Math.max(0, Math.min(to[e.key]!, last));
			this.follow(false);
			this.choose(this.packetsHere[index]!.i);
			this.list.reveal(index);
			this.goOn(index + 1); // where all rows are in sight, no others come in sight
		} else return;
		e.preventDefault();
	}
}

function kind(type: string): string {
	if (/^(CONNECT|CONNACK|AUTH)$/.test(type)) return 'connect';
	if (type === 'DISCONNECT') return 'end';
	if (type.startsWith('PUB')) return type === 'PUBLISH' ? 'publish' : 'ack';
	if (/SUB/.test(type)) return 'subscribe';
	return type === type.toLowerCase() ? 'event' : 'ping';
}
