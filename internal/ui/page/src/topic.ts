// A topic: its latest message or an older one, what changed, a chart, and its history.
import type { App, Part } from './app';
import { Chart } from './chart';
import { DiffView } from './diffview';
import { button, choose, fill, h, icon, say, select, set } from './dom';
import { bytes, clock, count, plural, rate, shown } from './format';
import { History } from './history';
import type { Message, Property, Topic } from './protocol';
import { Splitter } from './splitter';
import { Tabs } from './tabs';
import { ValueView } from './value';

export const formNames: Record<string, string> = {
	text: 'Text', json: 'JSON', hex: 'Hex', cbor: 'CBOR', msgpack: 'MessagePack', protobuf: 'Protobuf', sparkplug: 'Sparkplug B', image: 'Picture', binary: 'Binary', empty: 'Empty',
};

export class TopicPane implements Part {
	readonly element: HTMLElement;
	private readonly name = h('div', { class: 'topic-name' });
	private readonly facts = h('div', { class: 'facts' });
	private readonly empty = h('div', { class: 'nothing-yet' });
	private readonly main: HTMLElement;
	private readonly tabs: Tabs;
	private readonly form: HTMLSelectElement;
	private readonly schema = h('input', { type: 'text', placeholder: 'FILE.proto#Type', 'aria-label': 'Schema of Protobuf', class: 'schema', hidden: true, spellcheck: 'false', onchange: () => this.reread() });
	private readonly offers = h('span', { class: 'offers' });
	private readonly which = h('span', { class: 'which' });
	private readonly pauseButton: HTMLButtonElement;
	private readonly latestButton: HTMLButtonElement;
	private readonly copyButton: HTMLButtonElement;
	private readonly value: ValueView;
	private readonly diff = new DiffView();
	private readonly chart: Chart;
	private readonly properties = h('div', { class: 'properties', tabindex: 0, role: 'group', 'aria-label': 'Properties' });
	private readonly history: History;
	private readonly actions: HTMLElement;
	private topic?: Topic;
	private chosen = 0; // number of the message that is looked at; 0: the latest
	private paused = false;
	private from = 0;
	private reading = false;
	private read = ''; // what was read last
	private unread = false; // that failed: it is tried again when something comes
	private message?: Message;
	private isVisible = true;
	private may?: boolean; // publish, and delete

	constructor(private readonly app: App) {
		this.value = new ValueView((from) => { this.from = from; this.reread(); }, (path) => { this.tabs.show('chart'); this.chart.show(path); });
		this.chart = new Chart(app);
		this.history = new History(app, (number) => this.choose(number));
		this.form = select([['', 'Automatic']], () => this.reread(), { 'aria-label': 'Read the payload as' });
		this.pauseButton = button({ icon: 'pause', title: 'Pause: keep what is shown ( . )', press: () => this.pause(!this.paused) });
		this.copyButton = button({ icon: 'copy', title: 'Copy the payload as it is shown', press: () => this.message && app.copy(this.message.text, this.message.more || this.message.from ? 'This part of the payload' : 'The payload') });
		this.latestButton = button({ text: 'Latest', class: 'small', title: 'Show the latest message again', press: () => this.choose(0) });
		this.tabs = new Tabs('Of this message', (tab) => this.shownTab(tab));
		const body = h('div', { class: 'topic-body' }, this.value.element, this.diff.element, this.chart.element, this.properties);
		this.tabs.add('value', 'Value', this.value.element);
		this.tabs.add('diff', 'Changes', this.diff.element);
		this.tabs.add('chart', 'Chart', this.chart.element);
		this.tabs.add('properties', 'Properties', this.properties);
		const folding = h('span', { class: 'folding' }, button({ icon: 'unfold', title: 'Unfold all', press: () => this.value.foldAll(Infinity) }), button({ icon: 'fold', title: 'Fold all but the first level', press: () => this.value.foldAll(2) }));
		this.actions = h('div', { class: 'actions' });
		const upper = h('div', { class: 'topic-upper' }, h('div', { class: 'bar' }, this.tabs.bar, h('span', { class: 'spring' }), this.offers, this.schema, folding, this.form,
			this.copyButton),
		h('div', { class: 'bar which-bar' }, this.which, this.latestButton, h('span', { class: 'spring' }), this.pauseButton), body);
		this.main = h('div', { class: 'topic-main' }, upper, this.history.element);
		this.main.insertBefore(new Splitter(this.main, 'history', 'Height of the history', 'y').element, this.history.element);
		this.element = h('section', { class: 'topic-pane', 'aria-label': 'Topic' }, this.empty, h('header', { class: 'topic-header' }, h('div', { class: 'topic-line' }, this.name, this.actions), this.facts), this.main);
		this.tabs.show('value');
		fill(this.empty, h('p', {}, 'Choose a topic in the tree to see its messages.'), h('p', { class: 'soft' }, 'Arrow keys walk through the tree, Enter shows a topic, / searches, ? lists all keys.'));
		this.makeActions();
		this.showTopic(undefined);
	}

	update(): void {
		const formats: [string, string][] = (this.app.hello.formats ?? []).map((f) => [f, formNames[f] ?? f]);
		choose(this.form, [['', this.form.options[0]!.text], ...formats], this.form.value);
		this.makeActions();
	}

	visible(on: boolean): void {
		this.isVisible = on;
		this.chart.visible(on && this.tabs.current === 'chart');
		if (!on) return;
		if (this.topic) this.history.update(this.topic, this.paused);
		this.refresh();
	}

	// forget shows no topic until one comes.
	forget(): void {
		this.topic = undefined;
		this.showTopic(undefined);
	}

	take(topic: Topic): void {
		const other = topic.node !== this.topic?.node || topic.connection !== this.topic.connection;
		if (other) {
			this.chosen = this.from = 0;
			this.read = '';
			this.message = undefined;
			if (this.paused) this.pause(false);
		}
		this.topic = topic;
		if (other) this.showTopic(topic);
		this.showFacts(topic);
		if (this.unread) this.read = '';
		if (this.chosen > topic.last) this.choose(0); // a recording went back to before it
		if (!this.paused || other) {
			if (this.isVisible) this.history.update(topic, false); // out of sight, it has no place where it is scrolled to
			this.chart.update(topic);
		}
		this.refresh();
	}

	pause(on: boolean): void {
		this.paused = on;
		if (on && !this.chosen && this.topic) this.chosen = this.topic.last;
		if (!on) this.chosen = 0;
		fill(this.pauseButton, icon(on ? 'play' : 'pause'));
		set(this.pauseButton, 'aria-pressed', String(on));
		if (this.topic && this.isVisible) this.history.update(this.topic, on); // as in take
		this.history.mark(this.chosen);
		this.refresh();
	}

	togglePause(): void {
		this.pause(!this.paused);
	}

	private makeActions(): void {
		const may = !this.app.hello.readOnly && this.app.connection?.kind === 'broker';
		if (may === this.may) return;
		this.may = may;
		fill(this.actions,
			button({ icon: 'copy', title: 'Copy the topic', press: () => this.topic && this.app.copy(this.topic.topic, 'The topic') }),
			may ? button({ icon: 'send', title: 'Publish to this topic', press: () => this.draft() }) : null,
			may ? button({ icon: 'bin', title: 'Delete the retained messages of this topic and below it…', press: () => this.topic && this.app.clear(this.topic.connection, this.topic.node, this.topic.topic) }) : null);
	}

	private draft(): void {
		if (!this.topic) return;
		const m = this.message, payload = m && !m.more && !m.image && ['text', 'json'].includes(m.as) ? m.text : '';
		this.app.draft({ topic: this.topic.topic, payload, retain: !!m?.k && !!payload, qos: m?.q ?? 0 }); // without a payload, it would delete what is retained
	}

	private choose(number: number): void {
		this.chosen = number;
		this.from = 0;
		this.history.mark(number);
		if (!number && this.paused) this.pause(false);
		this.refresh();
	}

	private shownTab(tab: string): void {
		this.chart.visible(tab === 'chart' && this.isVisible);
		this.element.dataset.tab = tab;
		this.read = '';
		this.refresh();
	}

	private reread(): void {
		this.read = '';
		this.refresh();
	}

	private showTopic(topic: Topic | undefined): void {
		this.element.classList.toggle('none', !topic);
		if (!topic) return;
		const steps = topic.path ?? [];
		fill(this.name, ...(steps.length && steps.length <= 64 ? steps.flatMap((step, i): Node[] => [
			...(i ? [h('span', { class: 'slash' }, '/')] : []),
			h('button', { type: 'button', class: 'step' + (i === steps.length - 1 ? ' last' : ''), onclick: () => this.app.look(topic.connection, step.n) }, h('bdi', {}, step.l === '' ? '(empty)' : shown(step.l))),
		]) : [h('bdi', {}, shown(topic.topic))]));
	}

	private showFacts(t: Topic): void {
		const kept = t.last ? t.last - t.first + 1 : 0;
		const facts = [t.messages ? plural(t.messages, 'message') : 'no messages of its own', t.messages ? bytes(t.bytes) : '', t.rate >= 0.005 ? rate(t.rate) + ' a second' : '', t.forgotten ? `the latest ${count(kept)} are kept` : ''];
		fill(this.facts, t.retained ? h('span', { class: 'pill' }, 'retained') : null, ...facts.filter(Boolean).map((text) => h('span', { class: 'fact' }, text)));
	}

	// refresh reads the message that is to be shown, if it is another one.
	private refresh(): void {
		const t = this.topic;
		this.showWhich();
		if (!t || this.reading || !this.isVisible) return;
		if (!t.messages || !t.last) {
			const why = t.path?.length ? 'No message came to this level itself; there are topics below it.' : 'The recording has no message of this topic up to here.';
			this.failed(why);
			this.chart.clear(why);
			this.read = '';
			return;
		}
		const number = this.chosen || t.last;
		const want = [t.connection, t.node, number, this.form.value, this.schema.value, this.from, this.tabs.current].join(' ');
		if (want === this.read) return;
		this.reading = true;
		void this.readMessages(t, number).finally(() => {
			this.read = want;
			this.reading = false;
			this.refresh();
		});
	}

	private async readMessages(t: Topic, number: number): Promise<void> {
		const compares = this.tabs.current === 'diff';
		const ask = { connection: t.connection, node: t.node, number, as: this.form.value, from: compares ? 0 : this.from, schema: this.schema.value };
		this.unread = false;
		try {
			const message = await this.app.ask<Message>('read', ask);
			if (this.topic?.node !== t.node || this.topic.connection !== t.connection) return;
			if (message.from && message.from >= message.s) { // it is shorter than the one of which a part was looked at
				this.from = 0;
				return;
			}
			this.show(message);
			if (!compares) return;
			if (number <= t.first) this.diff.clear(number === 1 ? 'It is the first message of this topic.' : 'The message before it is no longer kept.');
			else this.diff.show(await this.app.ask<Message>('read', { ...ask, number: number - 1, as: message.as }), message);
		} catch (error) {
			this.unread = true;
			if (this.topic?.node === t.node) this.failed(shown(error instanceof Error ? error.message : String(error)));
		}
	}

	// failed says in each tab why there is no message to show.
	private failed(why: string): void {
		this.message = undefined;
		this.offer([]);
		this.value.clear(why);
		this.diff.clear(why);
		fill(this.properties, h('p', { class: 'note' }, why));
		this.tabs.badge('properties', '');
		this.showWhich();
	}

	private show(m: Message): void {
		this.message = m;
		this.value.show(m);
		this.element.dataset.as = m.as;
		this.schema.hidden = this.form.value !== 'protobuf';
		const automatic = this.form.options[0]!;
		say(automatic, this.form.value || !formNames[m.as] ? 'Automatic' : formNames[m.as] + ' (automatic)');
		this.offer(m.maybe ?? []);
		const properties = m.properties ?? [];
		this.tabs.badge('properties', properties.length ? String(properties.length) : '');
		fill(this.properties, properties.length ? propertyTable(properties) : h('p', { class: 'note' }, 'The message has no properties. MQTT 5 has them.'));
		this.showWhich();
	}

	// offer lets a person read the payload as what it may be.
	private offer(forms: string[]): void {
		if (this.offers.dataset.forms === forms.join(' ')) return;
		this.offers.dataset.forms = forms.join(' ');
		fill(this.offers, ...forms.map((form) => button({
			text: 'Read as ' + (formNames[form] ?? form), class: 'small', title: 'Nothing says what this payload is; all of it can be read so',
			press: () => {
				this.form.value = form;
				this.form.focus(); // the button goes
				this.reread();
			},
		})));
	}

	private showWhich(): void {
		const m = this.message;
		this.latestButton.hidden = !this.chosen && !this.paused;
		this.element.classList.toggle('pinned', !!this.chosen || this.paused);
		this.copyButton.disabled = !m?.text;
		if (!m) {
			say(this.which, '');
			return;
		}
		const flags = ['QoS ' + (m.q ?? 0), m.k ? 'retained' : '', m.u ? 'sent again' : '', bytes(m.s)].filter(Boolean).join(', ');
		say(this.which, `${this.chosen ? 'Message' : 'Latest: message'} ${count(m.i)} at ${clock(m.t)}, ${flags}`);
	}
}

export function propertyTable(properties: Property[]): HTMLElement {
	return h('table', { class: 'table' }, h('tbody', {}, ...properties.map((p) => h('tr', {},
		h('th', { scope: 'row' }, shown(p.name)), h('td', {}, h('bdi', {}, shown(p.value))), h('td', { class: 'soft' }, p.clause ?? '')))));
}
