// The line about the connection that the page is about: its state, filters and figures, and what can be done with it.
import type { App, Part } from './app';
import { button, fill, h, say, set } from './dom';
import { bytes, plural, rate, shown } from './format';
import { described } from './faults';
import { ReplayBar } from './replay';
import type { Connection, Filter } from './protocol';

export class Head implements Part {
	readonly element: HTMLElement;
	private readonly dot = h('span', { class: 'dot' });
	private readonly url = h('bdi', { class: 'url' });
	private readonly state = h('span', { class: 'soft' });
	private readonly detail = h('p', { class: 'detail', role: 'status', hidden: true });
	private readonly filters = h('div', { class: 'filters' });
	private readonly facts = [0, 1, 2, 3].map(() => h('span', { class: 'fact' }));
	private readonly warning = h('button', { type: 'button', class: 'pill warn', onclick: () => this.app.show('faults') });
	private readonly figures = h('div', { class: 'facts' }, ...this.facts, this.warning);
	private readonly actions = h('div', { class: 'actions' });
	private readonly replay: ReplayBar;
	private readonly filter = h('input', { type: 'text', class: 'mono', placeholder: 'topic/filter/#', 'aria-label': 'Filter to subscribe to', spellcheck: 'false', autocapitalize: 'off' });
	private readonly adder: HTMLFormElement;
	private drawnFilters = '';
	private drawnActions = '';
	private pressed = false; // one of the actions is under way, until the page shows what came of it
	private answered = false;
	private asks = 0; // how many actions there were: an answer counts for its own one

	constructor(private readonly app: App) {
		this.replay = new ReplayBar(app);
		this.adder = h('form', { class: 'adder', onsubmit: (e: Event) => { e.preventDefault(); this.subscribe(); } }, this.filter, h('button', { type: 'submit', class: 'button small' }, 'Subscribe'));
		this.element = h('section', { class: 'head', 'aria-label': 'Connection' }, h('div', { class: 'head-line' }, h('div', { class: 'where' }, this.dot, this.url, this.state), this.figures, this.actions), this.detail, this.filters, this.replay.element);
	}

	update(): void {
		const c = this.app.connection;
		this.element.hidden = !c;
		if (!c) return;
		this.dot.dataset.state = c.state;
		say(this.url, shown(c.url || c.name));
		say(this.state, [c.kind === 'broker' ? c.state : c.kind, c.version ? 'MQTT ' + c.version : ''].filter(Boolean).join(' · '));
		say(this.detail, shown(c.detail ?? ''));
		this.detail.hidden = !c.detail;
		const figures = [c.rate >= 0.005 ? rate(c.rate) + '/s' : '', plural(c.messages, 'message'), bytes(c.bytes), plural(c.topics, 'topic')].filter(Boolean);
		this.facts.forEach((fact, i) => {
			say(fact, figures[i] ?? '');
			fact.hidden = !figures[i];
		});
		const faults = c.faults ? described(c.faults) : '';
		this.warning.hidden = !faults || faults.startsWith('No');
		say(this.warning, faults);
		this.showFilters(c);
		this.showActions(c);
		this.replay.update(c);
	}

	private showFilters(c: Connection): void {
		const may = c.kind === 'broker' && c.state !== 'ended' && !this.app.hello.readOnly, now = JSON.stringify([c.id, c.filters, may]);
		this.filters.hidden = c.kind !== 'broker';
		if (now === this.drawnFilters) return;
		this.drawnFilters = now;
		fill(this.filters, ...(c.filters ?? []).map((f) => this.chip(f, may)), may ? this.adder : null);
	}

	private chip(f: Filter, may: boolean): HTMLElement {
		return h('span', { class: 'chip' + (f.error ? ' bad' : ''), title: f.error ? shown(f.error) : `subscribed with QoS ${f.qos}` }, h('bdi', {}, shown(f.filter)), f.error ? h('span', { class: 'soft' }, ' ' + shown(f.error)) : null,
			may ? button({ icon: 'close', title: 'Unsubscribe from ' + shown(f.filter), press: () => { this.change('unsubscribe', f).catch(() => {}); } }) : null);
	}

	private subscribe(): void {
		const filter = this.filter.value.trim();
		if (!filter) return;
		this.change('subscribe', { filter, qos: 0 }).then(() => { if (this.filter.value.trim() === filter) this.filter.value = ''; }).catch(() => {});
	}

	private change(what: string, filter: Filter): Promise<unknown> {
		return this.app.ask(what, { connection: this.app.connection!.id, filter });
	}

	// once asks for something, unless something that was asked for before is under way: to disconnect a second time would forget all that came.
	private once(ask: () => Promise<unknown>): void {
		if (this.pressed) return;
		this.pressed = true;
		this.answered = false;
		const number = ++this.asks;
		ask().then(() => { if (number === this.asks) this.answered = true; }).catch(() => { if (number === this.asks) this.pressed = false; });
	}

	private showActions(c: Connection): void {
		const { readOnly, folder } = this.app.hello, now = [c.id, c.kind, c.state, c.recording, readOnly, folder].join('\n');
		if (this.answered || now !== this.drawnActions) this.pressed = this.answered = false;
		if (now === this.drawnActions) return;
		this.drawnActions = now;
		const ask = (what: string) => this.app.ask(what, { connection: c.id });
		const only = (what: string) => () => this.once(() => ask(what));
		const stop = () => this.once(() => ask('stopRecording').then(() => this.app.tell(`The recording is ${shown(c.recording ?? '')} in ${shown(folder ?? '')}.`)));
		// A connection that has ended stays until it is closed; a recording can be opened again, so one press does both.
		// The second press of two on Disconnect, in whose place Close comes, does not close it.
		const close = (e: MouseEvent) => { if (e.detail < 2) this.once(() => ask('disconnect').then(() => c.kind === 'recording' && !ended ? ask('disconnect') : undefined)); };
		const ended = c.state === 'ended';
		const recording = c.recording
			? button({ icon: 'stop', text: 'Stop recording', class: 'small recording', title: 'Into ' + shown(c.recording), press: stop })
			: button({ icon: 'record', text: 'Record', class: 'small', title: 'Write what comes to a file in the folder', press: only('record') });
		fill(this.actions, !readOnly && folder && c.kind !== 'recording' && !ended ? recording : null,
			!readOnly && c.kind === 'broker' && ended ? button({ icon: 'plus', text: 'Connect again', class: 'small', press: () => this.app.connect(c) }) : null,
			readOnly || c.kind === 'proxy' ? null : ended || c.kind === 'recording' ? button({ icon: 'close', text: 'Close', class: 'small', title: 'Forget what came here', press: close }) : button({ icon: 'close', text: 'Disconnect', class: 'small', press: only('disconnect') }));
		set(this.element, 'data-kind', c.kind);
	}
}
