// Fields for the properties of a message.
import { button, fill, h, select } from './dom';
import type { Property } from './protocol';

const names = ['Content Type', 'Message Expiry Interval', 'Payload Format Indicator', 'Correlation Data', 'Response Topic', 'User Property'];

const hints: Record<string, string> = {
	'Content Type': 'application/json', 'Message Expiry Interval': 'seconds', 'Payload Format Indicator': '1: UTF-8 text', 'Correlation Data': 'text', 'Response Topic': 'topic', 'User Property': 'name=value',
};

export class PropertyFields {
	readonly element = h('div', { class: 'property-fields' });
	private rows: { name: HTMLSelectElement; value: HTMLInputElement }[] = [];

	constructor() {
		this.draw();
	}

	value(): Property[] {
		return this.rows.filter((r) => r.value.value !== '').map((r) => ({ name: r.name.value, value: r.value.value }));
	}

	fill(properties: Property[]): void {
		this.rows = [];
		for (const p of properties) this.add(p);
		this.draw();
	}

	private add(p?: Property): void {
		const value = h('input', { type: 'text', class: 'mono', 'aria-label': 'Value', spellcheck: 'false' });
		const name = select(names.map((n): [string, string] => [n, n]), (n) => { value.placeholder = hints[n] ?? ''; }, { 'aria-label': 'Property' });
		if (p) {
			name.value = p.name;
			value.value = p.value;
		}
		value.placeholder = hints[name.value] ?? '';
		this.rows.push({ name, value });
	}

	private draw(): void {
		fill(this.element, ...this.rows.map((row) => h('div', { class: 'row' }, row.name, row.value, button({ icon: 'close', title: 'Take this property away', press: () => { this.rows = this.rows.filter((r) => r !== row); this.draw(); } }))),
			button({ icon: 'plus', text: 'Property', class: 'small', press: () => { this.add(); this.draw(); this.rows.at(-1)!.name.focus(); } }));
	}
}
