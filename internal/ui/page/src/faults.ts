// What a proxy does to the packets that go through it, on demand.
import type { App, Part } from './app';
import { button, check, choose, fill, h, labelled, say, select } from './dom';
import { clock, shown } from './format';
import type { Device, Faults, Packets } from './protocol';

export class FaultPane implements Part {
	readonly element: HTMLElement;
	private readonly delay = number(0, 60_000);
	private readonly jitter = number(0, 60_000);
	private readonly drop = number(0, 100);
	private readonly types = h('input', { type: 'text', class: 'mono', placeholder: 'such as PUBLISH,PUBACK', spellcheck: 'false' });
	private readonly way = select([['', 'both ways'], ['up', 'to the server'], ['down', 'to the device']], () => {});
	private readonly device = select([['0', 'all devices']], () => {});
	private readonly refuse = check('Take no new connections');
	private readonly stall = check('Stall: take bytes, pass none on');
	private readonly state = h('p', { class: 'result', role: 'status' });
	private readonly devices = h('tbody', {});
	private readonly form: HTMLFormElement;
	private shownFor = 0;

	constructor(private readonly app: App) {
		this.form = h('form', { class: 'fault-form', novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); this.apply({}); } },
			h('div', { class: 'row' }, labelled('Delay (ms)', this.delay), labelled('Up to so many more (ms)', this.jitter), labelled('Drop (%)', this.drop)),
			h('div', { class: 'row' }, labelled('Drop only', this.types), labelled('Way', this.way), labelled('Device', this.device)),
			h('div', { class: 'row checks' }, this.refuse.label, this.stall.label),
			h('div', { class: 'row send-row' }, h('button', { type: 'submit', class: 'button primary' }, 'Apply'), button({ text: 'No faults', press: () => this.none() }), button({ text: 'Cut connections now', class: 'danger', press: () => this.apply({ cut: true }) })), this.state);
		this.element = h('section', { class: 'fault-pane', 'aria-label': 'Faults' }, h('h2', {}, 'Faults'), h('p', { class: 'soft' }, 'Bytes pass unchanged unless you ask for something here. It holds until you take it back.'), this.form,
			h('h2', {}, 'Devices'), h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Devices' }, h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...['Client ID', 'Address', 'Since', 'State'].map((text) => h('th', { scope: 'col' }, text)))), this.devices)));
	}

	update(): void {
		const c = this.app.connection, f = c?.faults;
		for (const control of this.form.elements) (control as HTMLInputElement).disabled = this.app.hello.readOnly;
		if (c && f && this.shownFor !== c.id) {
			this.shownFor = c.id;
			this.fill(f);
		}
		say(this.state, f ? described(f) : '');
	}

	packets(p: Packets): void {
		if (p.connection !== this.app.connection?.id || !p.devices) return;
		choose(this.device, [['0', 'all devices'], ...p.devices.map((d): [string, string] => [String(d.id), shown(d.clientId || d.address)])], this.device.value);
		fill(this.devices, ...p.devices.map(deviceRow));
	}

	private fill(f: Faults): void {
		this.delay.value = String(f.delay ?? 0);
		this.jitter.value = String(f.jitter ?? 0);
		this.drop.value = String(f.drop ?? 0);
		this.types.value = f.types ?? '';
		this.way.value = f.way ?? '';
		this.refuse.box.checked = !!f.refuse;
		this.stall.box.checked = !!f.stall;
	}

	private none(): void {
		this.fill({ connection: 0 });
		this.device.value = '0';
		this.apply({});
	}

	private apply(more: Partial<Faults>): void {
		const c = this.app.connection;
		if (!c) return;
		const faults: Faults = {
			connection: c.id, delay: Number(this.delay.value), jitter: Number(this.jitter.value), drop: Number(this.drop.value), types: this.types.value.trim().toUpperCase(), way: this.way.value,
			refuse: this.refuse.box.checked, stall: this.stall.box.checked, device: Number(this.device.value), ...more,
		};
		this.app.ask('faults', faults).then(() => this.app.tell(more.cut ? 'The connections were cut.' : described(faults))).catch(() => {});
	}
}

function number(min: number, max: number): HTMLInputElement {
	return h('input', { type: 'number', min, max, value: 0 });
}

function deviceRow(d: Device): HTMLElement {
	return h('tr', {}, h('th', { scope: 'row' }, h('bdi', {}, shown(d.clientId) || '(none yet)')), h('td', {}, shown(d.address)), h('td', {}, clock(d.since)), h('td', {}, d.ended ? `gone at ${clock(d.ended)}${d.why ? ': ' + shown(d.why) : ''}` : 'connected'));
}

// described says in words what a proxy does.
export function described(f: Faults): string {
	const parts = [
		f.refuse ? 'refuses new connections' : '', f.stall ? 'passes nothing on' : '', f.delay || f.jitter ? `delays by ${f.delay ?? 0}${f.jitter ? ` to ${(f.delay ?? 0) + f.jitter}` : ''} ms` : '', f.drop ? `drops ${f.drop} %${f.types ? ' of ' + f.types : ''}` : '',
	].filter(Boolean);
	if (!parts.length) return 'No faults: all bytes pass unchanged.';
	const of = [f.way === 'up' ? 'to the server' : f.way === 'down' ? 'to the device' : '', f.device ? 'one device' : ''].filter(Boolean);
	return 'The proxy ' + parts.join(', ') + (of.length ? ` (${of.join(', ')})` : '') + '.';
}
