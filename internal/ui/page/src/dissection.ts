// A packet field by field, beside its bytes.
import type { App } from './app';
import { button, fill, h, set } from './dom';
import { bytes, fromBase64, shown } from './format';
import type { Dissected, Field } from './protocol';

export class Dissection {
	readonly element = h('div', { class: 'dissection' });
	private readonly cells: HTMLElement[] = [];
	private rows: HTMLElement[] = [];
	private want = '';
	private chosen = -1;

	constructor(private readonly app: App, private readonly close: () => void) {}

	show(connection: number, number: number): void {
		const want = connection + ' ' + number;
		this.want = want;
		this.app.ask<Dissected>('dissect', { connection, number }).then((d) => {
			if (this.want === want) this.draw(d);
		}).catch((error: unknown) => {
			if (this.want === want) fill(this.element, h('p', { class: 'note' }, error instanceof Error ? error.message : String(error)));
		});
	}

	private draw(d: Dissected): void {
		const fields = d.fields ?? [], data = d.bytes ? fromBase64(d.bytes) : new Uint8Array();
		this.chosen = -1;
		this.rows = fields.map((f, i) => this.row(f, i));
		const table = h('table', { class: 'table fields' }, h('thead', {}, h('tr', {}, ...['Field', 'Value', 'Meaning', 'Clause'].map((text) => h('th', { scope: 'col' }, text)))), h('tbody', {}, ...this.rows));
		fill(this.element,
			h('div', { class: 'bar' }, h('strong', {}, `${d.y} ${d.i}`), h('span', { class: 'soft' }, `${d.s ? 'sent by the client' : 'sent by the server'}, ${bytes(d.z)}`), d.e ? h('span', { class: 'fault-text' }, shown(d.e)) : null,
				h('span', { class: 'spring' }), button({ icon: 'close', title: 'Close (Escape)', press: this.close })),
			h('div', { class: 'dissected' },
				h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Fields of the packet' }, fields.length ? table : h('p', { class: 'note' }, 'This is an event, not a packet: it has no fields.')),
				data.length ? h('div', { class: 'scroll hex', tabindex: 0, role: 'group', 'aria-label': 'Bytes of the packet' }, this.hex(data, fields), d.z > data.length ? h('p', { class: 'note' }, `The first ${data.length} of ${d.z} bytes.`) : null) : null));
	}

	private row(f: Field, index: number): HTMLElement {
		const name = h('th', { scope: 'row' }, shown(f.name));
		name.style.paddingInlineStart = 8 + 14 * Math.min(f.depth ?? 0, 8) + 'px';
		const row = h('tr', { class: f.fault ? 'fault' : '', onclick: () => this.choose(index, f), onmouseenter: () => this.light(f, 'hover'), onmouseleave: () => this.light(undefined, 'hover') },
			name, h('td', { class: 'mono' }, h('bdi', {}, shown(f.value))), h('td', {}, f.note ? shown(f.note) : null, f.fault ? h('strong', { class: 'fault-text' }, (f.note ? ' ' : '') + shown(f.fault)) : null), h('td', { class: 'soft' }, f.clause ?? ''));
		return row;
	}

	private choose(index: number, field: Field): void {
		this.chosen = this.chosen === index ? -1 : index;
		this.rows.forEach((row, i) => row.classList.toggle('chosen', i === this.chosen));
		this.light(this.chosen < 0 ? undefined : field, 'chosen');
		if (this.chosen >= 0) this.cells[field.from]?.scrollIntoView({ block: 'nearest' });
	}

	// light marks the bytes of a field.
	private light(field: Field | undefined, kind: string): void {
		this.cells.forEach((cell, i) => cell.classList.toggle(kind, !!field && i >= field.from && i < field.from + field.length));
	}

	// hex writes sixteen bytes a line. A press on a byte chooses the innermost field that it belongs to.
	private hex(data: Uint8Array, fields: Field[]): HTMLElement {
		this.cells.length = 0;
		const place = h('div', { class: 'hex-lines' });
		for (let at = 0; at < data.length; at += 16) {
			const line = data.subarray(at, at + 16), cells = h('span', { class: 'hex-bytes' }), text = [...line].map((b) => b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·').join('');
			line.forEach((b, i) => {
				const cell = h('span', {}, b.toString(16).padStart(2, '0'));
				cell.dataset.at = String(at + i);
				this.cells.push(cell);
				cells.append(cell);
			});
			place.append(h('div', { class: 'hex-line' }, h('span', { class: 'soft' }, at.toString(16).padStart(4, '0')), cells, h('bdi', { class: 'hex-text' }, text)));
		}
		place.addEventListener('click', (e) => {
			const at = Number((e.target as HTMLElement).dataset.at ?? -1);
			let best = -1;
			fields.forEach((f, i) => {
				if (at >= f.from && at < f.from + f.length && (best < 0 || f.length <= fields[best]!.length)) best = i;
			});
			if (best < 0) return;
			this.chosen = -1;
			this.choose(best, fields[best]!);
			this.rows[best]!.scrollIntoView({ block: 'nearest' });
		});
		set(place, 'role', 'presentation');
		return place;
	}
}
