// Where a recording is, and how it goes on.
import type { App } from './app';
import { button, choose, h, icon, labelled, say, select, set } from './dom';
import { moment, shown } from './format';
import type { Connection, Replay } from './protocol';

const speeds: [string, string][] = [['0.1', '0.1×'], ['0.5', '0.5×'], ['1', '1×'], ['2', '2×'], ['10', '10×'], ['100', '100×'], ['1000', '1000×'], ['-1', 'as fast as it goes']];

export class ReplayBar {
	readonly element: HTMLElement;
	private readonly play = button({ icon: 'play', title: 'Play', press: () => this.toggle() });
	private readonly place = h('input', { type: 'range', min: 0, max: 1000, step: 1, value: 0, 'aria-label': 'Place in the recording', onchange: () => this.seek() });
	private readonly speed = select(speeds, (value) => { if (this.now && this.now.speed !== 0) this.send({ speed: Number(value) }); });
	private readonly into = select([['0', 'nowhere else']], (value) => this.send({ into: Number(value) }));
	private readonly intoField = labelled('Publish to', this.into, 'inline');
	private readonly text = h('span', { class: 'replay-time' });
	private now?: Replay;

	constructor(private readonly app: App) {
		this.speed.value = '1';
		this.element = h('div', { class: 'replay', hidden: true }, this.play, this.place, this.text, labelled('Speed', this.speed, 'inline'), this.intoField);
	}

	update(c: Connection): void {
		const r = c.replay;
		this.now = r && { ...r, connection: c.id };
		this.element.hidden = !r;
		if (!r) return;
		const plays = r.speed !== 0;
		this.play.replaceChildren(icon(plays ? 'pause' : 'play'));
		set(this.play, 'aria-label', plays ? 'Pause' : 'Play');
		set(this.play, 'title', plays ? 'Pause' : 'Play');
		if (plays) this.speed.value = speeds.some(([v]) => v === String(r.speed)) ? String(r.speed) : '1';
		const length = Math.max(1, r.to - r.from);
		if (document.activeElement !== this.place || !this.place.matches(':active')) this.place.value = String(Math.round(1000 * (r.at - r.from) / length));
		set(this.place, 'aria-valuetext', r.at ? moment(r.at) : 'start');
		const at = r.at ? moment(r.at) : '–', to = r.to ? moment(r.to) : '–', sameDay = at.slice(0, 11) === to.slice(0, 11);
		say(this.text, `${at} of ${sameDay ? to.slice(11) : to}`);
		const brokers = this.app.hello.connections.filter((b) => b.kind === 'broker');
		this.intoField.hidden = this.app.hello.readOnly || !brokers.length;
		choose(this.into, [['0', 'nowhere else'], ...brokers.map((b): [string, string] => [String(b.id), shown(b.name) + (b.state === 'ended' ? ' (ended)' : '')])], String(r.into ?? 0));
	}

	private toggle(): void {
		if (this.now) this.send({ speed: this.now.speed === 0 ? Number(this.speed.value) : 0 });
	}

	private seek(): void {
		if (!this.now) return;
		const part = Number(this.place.value) / 1000, { from, to } = this.now;
		this.send({ seek: true, at: part === 1 ? to + 1 : Math.round(from + part * (to - from)) }); // to go to a time is to stand before its message
	}

	private send(change: Partial<Replay>): void {
		if (!this.now) return;
		const ask = { ...this.now, ...change };
		this.now = { ...ask, seek: false }; // what is asked for next goes on from there
		this.app.ask('replay', ask).catch(() => { if (this.app.connection?.id === ask.connection) this.update(this.app.connection); }); // as it still is
	}
}
