// Cards that say why connections ended.
import { button, fill, h, icon } from './dom';
import { clock, plural, shown } from './format';
import type { End } from './protocol';

const whoNames: Record<string, string> = { client: 'The cause is the client', server: 'The cause is the server', network: 'The cause is the network', proxy: 'It was asked for here', unknown: 'The cause is not known' };

export class EndCards {
	readonly element = h('div', { class: 'ends', hidden: true });
	private all = false;
	private drawn = '';
	private ends: End[] = [];
	private readonly open = new Map<number, boolean>(); // by the number of the end: whether its card is unfolded

	// go is called with the number of a packet that shows it.
	constructor(private readonly go: (number: number) => void) {}

	show(ends: End[]): void {
		this.ends = ends;
		const now = JSON.stringify([ends, this.all]);
		if (now === this.drawn) return;
		this.drawn = now;
		const latest = [...ends].sort((a, b) => b.i - a.i);
		this.element.hidden = !ends.length;
		fill(this.element, ...latest.slice(0, this.all ? 50 : 1).map((end) => this.card(end)),
			ends.length > 1 ? button({ class: 'small', text: this.all ? 'Show the latest alone' : `${plural(ends.length - 1, 'earlier end')} …`, press: () => { this.all = !this.all; this.show(this.ends); } }) : null);
	}

	private card(end: End): HTMLElement {
		const packets = [...new Set([...(end.of ?? []), end.i])].filter((n) => n > 0);
		const card = h('details', { class: 'end-card ' + end.who },
			h('summary', {}, icon('stop'), h('strong', {}, whoNames[end.who] ?? 'It ended'), h('time', { class: 'soft' }, clock(end.t > 1e14 ? end.t / 1000 : end.t))),
			h('p', { class: 'why' }, shown(end.why)),
			end.hint ? h('p', { class: 'hint' }, shown(end.hint)) : null,
			end.facts?.length ? h('ul', {}, ...end.facts.map((fact) => h('li', {}, shown(fact)))) : null,
			h('p', { class: 'soft shows' }, end.clause ? `${end.clause.startsWith('MQTT') ? '' : 'MQTT '}${end.clause}. ` : null, packets.length ? 'Shown by packet ' : null, ...packets.map((n) => button({ text: String(n), class: 'link', press: () => this.go(n) }))));
		card.open = this.open.get(end.i) ?? true;
		card.addEventListener('toggle', () => this.open.set(end.i, card.open));
		return card;
	}
}
