// The chart of a topic's numbers.
import type { App } from './app';
import { h, labelled, say, select, choose } from './dom';
import { count, digits, plural, shown } from './format';
import { Plot } from './plot';
import type { Series, Topic } from './protocol';

const every = 500; // milliseconds between two asks while messages come

export class Chart {
	readonly element: HTMLElement;
	private readonly place = h('div', { class: 'plot' });
	private readonly plot = new Plot(this.place);
	private readonly note = h('p', { class: 'note', role: 'status' });
	private readonly figures = h('span', { class: 'figures' });
	private readonly members: HTMLSelectElement;
	private readonly spans: HTMLSelectElement;
	private topic?: Topic;
	private member = '';
	private asking = false;
	private again = false; // something else is wanted than what was asked for
	private due = 0;
	private isVisible = false;
	private first = false; // the first answer of a topic chooses the member

	constructor(private readonly app: App) {
		this.members = select([['', 'the payload']], (member) => this.show(member));
		this.spans = select([['0', 'all'], ['60', 'a minute'], ['600', '10 minutes'], ['3600', 'an hour'], ['86400', 'a day']], () => this.ask());
		this.element = h('div', { class: 'chart-panel' }, h('div', { class: 'bar' }, labelled('Number', this.members, 'inline'), labelled('Last', this.spans, 'inline'), this.figures), this.note, this.place);
	}

	visible(on: boolean): void {
		this.isVisible = on;
		if (on) this.ask();
	}

	// show charts a member, such as .a.b[0].
	show(member: string): void {
		this.member = member;
		this.first = false;
		this.ask();
	}

	update(topic: Topic): void {
		if (topic.node !== this.topic?.node || topic.connection !== this.topic.connection) {
			this.member = '';
			this.first = true;
		}
		this.topic = topic;
		if (this.isVisible && !this.due) this.due = window.setTimeout(() => { this.due = 0; this.ask(); }, every);
	}

	// clear shows no chart, and says why.
	clear(why: string): void {
		this.place.classList.add('nothing');
		say(this.note, why);
		this.note.hidden = false;
		say(this.figures, '');
		this.plot.show('value', [], []);
	}

	private ask(): void {
		const topic = this.topic;
		if (!topic || !this.isVisible || !topic.messages) return;
		if (this.asking) {
			this.again = true;
			return;
		}
		this.again = false;
		const { connection, node } = topic, member = this.member;
		const last = Number(this.spans.value), replay = this.app.connection?.id === connection ? this.app.connection.replay : undefined;
		const now = replay ? replay.at : Date.now(); // a recording has times of its own
		this.asking = true;
		this.app.ask<Series>('chart', { connection, node, member, since: last ? now - 1000 * last : 0, points: Math.max(200, Math.min(2 * this.place.clientWidth, 4000)) }).then((series) => {
			if (this.topic?.node === node && this.topic.connection === connection && this.member === member && this.topic.messages) this.draw(series, last > 0);
			else this.again = true;
		}).catch(() => {}).finally(() => {
			this.asking = false;
			if (this.again) this.ask();
		});
	}

	private draw(series: Series, partly: boolean): void {
		const members = series.members ?? [], values = series.values ?? [], times = series.times ?? [];
		if (this.first && !values.length && members.length) {
			this.show(members[0]!);
			return;
		}
		this.first = false;
		const choices = members.includes(this.member) ? members : [this.member, ...members];
		choose(this.members, choices.map((m): [string, string] => [m, m ? shown(m) : 'the payload']), this.member);
		const name = this.member ? shown(this.member) : 'value';
		this.place.classList.toggle('nothing', !values.length);
		say(this.note, values.length ? series.skipped ? `${plural(series.skipped, 'message has', 'messages have')} no such number.` : '' : `None of the messages ${partly ? 'of that time' : 'that are kept'} has a number here.`);
		this.note.hidden = !this.note.textContent;
		this.plot.show(name, times, values);
		if (!values.length) {
			say(this.figures, '');
			return;
		}
		let low = Infinity, high = -Infinity;
		for (const v of values) {
			low = Math.min(low, v);
			high = Math.max(high, v);
		}
		say(this.figures, `least ${digits(low)}, greatest ${digits(high)}, now ${digits(values[values.length - 1]!)}, ${count(values.length)} points`);
	}
}
