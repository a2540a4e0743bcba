// The form that publishes, and what was published before.
import { type App, type Draft, kept, type Part } from './app';
import { button, check, fill, h, labelled, say, select, set } from './dom';
import { bytes, clock, count, digits, plural, shown, toBase64 } from './format';
import { PropertyFields } from './properties';
import type { Progress, Property, Publish, Published } from './protocol';
import { ValueView } from './value';

// Sent is a message that was published from this page.
interface Sent {
	topic: string;
	payload: string;
	qos: number;
	retain: boolean;
	form: string; // text, hex, base64
	template: boolean;
	properties: Property[];
	pinned: boolean;
	time: number;
}

const most = 100; // messages that are remembered, besides those that are pinned
const longest = 20_000; // characters of a payload that is remembered

const expressions: [string, string][] = [
	['{{.N}}', 'number of the message, from 1 on'], ['{{int 1 6}}', 'random whole number from 1 to 6'], ['{{float 0 1}}', 'random number from 0 up to 1'], ['{{pick "on" "off"}}', 'one of these'],
	['{{text 8}}', 'random letters and digits'], ['{{hex 8}}', 'random bytes in hex'], ['{{uuid}}', 'random UUID'], ['{{now}}', 'time in RFC 3339'], ['{{unix}} {{ms}}', 'seconds and milliseconds since 1970'], ['{{add .N 5}}', 'sum; sub, mul, div and mod likewise'],
];

export class PublishPane implements Part {
	readonly element: HTMLElement;
	private readonly topic = h('input', { type: 'text', class: 'mono', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', required: true });
	private readonly payload = h('textarea', { class: 'mono', spellcheck: 'false', rows: 8, oninput: () => this.checkPayload(), onkeydown: (e: KeyboardEvent) => this.key(e) });
	private readonly form = select([['text', 'Text'], ['hex', 'Hex'], ['base64', 'Base64']], () => this.checkPayload());
	private readonly qos = select([['0', '0, at most once'], ['1', '1, at least once'], ['2', '2, exactly once']], () => {});
	private readonly retain = check('Retain', () => {}, 'The server keeps the message for those who subscribe later.');
	private readonly template = check('Template', (on) => { this.help.hidden = !on; this.checkPayload(); }, 'Expressions such as {{.N}} are replaced.');
	private readonly times = h('input', { type: 'number', min: 1, max: 10000, value: 1 });
	private readonly interval = h('input', { type: 'number', min: 0, max: 3_600_000, value: 1000, step: 100 });
	private readonly answer = check('Wait for a response', (on) => { this.answering.hidden = !on; });
	private readonly wait = h('input', { type: 'number', min: 100, max: 600_000, value: 5000, step: 500 });
	private readonly responseTopic = h('input', { type: 'text', class: 'mono', placeholder: 'made up', spellcheck: 'false' });
	private readonly answering: HTMLElement;
	private readonly properties = new PropertyFields();
	private readonly help: HTMLElement;
	private readonly judgement = h('span', { class: 'judgement', role: 'status' });
	private readonly result = h('p', { class: 'result', role: 'status' });
	private readonly response = new ValueView(undefined, () => {});
	private readonly responseBox: HTMLElement;
	private readonly send: HTMLButtonElement;
	private readonly stop = button({ icon: 'stop', text: 'Stop', press: () => { this.app.ask('stopPublish', { connection: this.busy }).catch(() => {}); } });
	private readonly why = h('p', { class: 'soft', hidden: true }); // nothing can be published just now
	private busy = 0; // the connection that is being published to
	private readonly past = h('ul', { class: 'past' });
	private readonly fields: HTMLFormElement;
	private sent: Sent[] = kept.read('published', []);

	constructor(private readonly app: App) {
		this.help = h('dl', { class: 'expressions', hidden: true }, ...expressions.flatMap(([what, means]) => [h('dt', {}, h('code', {}, what)), h('dd', {}, means)]));
		this.answering = h('div', { class: 'row', hidden: true }, labelled('Wait (ms)', this.wait), labelled('Response topic', this.responseTopic));
		this.responseBox = h('div', { class: 'response', hidden: true });
		this.send = h('button', { type: 'submit', class: 'button primary', title: 'Ctrl+Enter' }, 'Publish');
		this.fields = h('form', { class: 'publish-form', novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); void this.publish(); } },
			labelled('Topic', this.topic),
			h('div', { class: 'field' }, h('div', { class: 'field-head' }, h('label', {}, 'Payload'), this.judgement, h('span', { class: 'spring' }), this.form), this.payload),
			h('div', { class: 'row' }, labelled('QoS', this.qos), labelled('Times', this.times), labelled('Every (ms)', this.interval)),
			h('div', { class: 'row checks' }, this.retain.label, this.template.label, this.answer.label),
			this.help, this.answering,
			h('details', {}, h('summary', {}, 'Properties of MQTT 5'), this.properties.element),
			h('div', { class: 'row send-row' }, this.send, this.stop, this.why, this.result), this.responseBox);
		this.name(this.payload, 'Payload');
		set(this.form, 'aria-label', 'The payload is written as');
		this.element = h('section', { class: 'publish-pane', 'aria-label': 'Publish' }, this.fields,
			h('div', { class: 'past-box' }, h('h2', {}, 'Published before'), this.past));
		this.showPast();
		addEventListener('storage', (e) => this.stored(e.key));
	}

	// stored takes what another page of this server has published. Where that is what is here, the items stay, and one of them the focus.
	private stored(key: string | null): void {
		if (key !== null && key !== 'dunlin.published') return; // null stands for all keys
		const sent = kept.read('published', this.sent);
		if (JSON.stringify(sent) === JSON.stringify(this.sent)) return;
		this.sent = sent;
		this.showPast();
	}

	update(): void {
		const c = this.app.connection;
		const not = c?.state === 'ended' ? 'The connection has ended: connect again.' : c?.state !== 'connected' ? 'Not connected just now: it is tried again by itself.' : '';
		this.send.disabled = !!not || this.busy > 0;
		this.stop.hidden = !this.busy;
		say(this.why, not);
		this.why.hidden = !not;
	}

	progress(p: Progress): void {
		if (p.what !== 'publish' || p.ended || p.connection !== this.busy) return;
		this.say(`${count(p.done)} of ${count(p.all)} published`);
	}

	draft(d: Draft): void {
		if (d.topic !== undefined) this.topic.value = d.topic;
		if (d.payload !== undefined) {
			this.payload.value = d.payload;
			this.form.value = 'text';
			this.template.box.checked = false;
			this.help.hidden = true;
		}
		if (d.qos !== undefined) this.qos.value = String(d.qos);
		if (d.retain !== undefined) this.retain.box.checked = d.retain;
		this.checkPayload();
		this.payload.focus();
	}

	private name(control: HTMLElement, text: string): void {
		set(control, 'aria-label', text);
	}

	private key(e: KeyboardEvent): void {
		if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey)) return;
		e.preventDefault();
		this.fields.requestSubmit(this.send);
	}

	// checkPayload says what the payload looks like, while it is written.
	private checkPayload(): void {
		const text = this.payload.value.trim();
		let judgement = '';
		if (this.form.value === 'hex') judgement = decoded('hex', text) ? plural(decoded('hex', text)!.length, 'byte') : 'This is no hex.';
		else if (this.form.value === 'base64') judgement = decoded('base64', text) ? plural(decoded('base64', text)!.length, 'byte') : 'This is no base64.';
		else if (/^[{[]/.test(text) && text.length < 1_000_000 && !this.template.box.checked) {
			try {
				JSON.parse(text);
				judgement = 'JSON';
			} catch (error) {
				judgement = 'No valid JSON: ' + shown(error instanceof Error ? error.message : '');
			}
		}
		say(this.judgement, judgement);
	}

	private message(): Sent {
		return {
			topic: this.topic.value, payload: this.payload.value, qos: Number(this.qos.value), retain: this.retain.box.checked, form: this.form.value,
			template: this.template.box.checked, properties: this.properties.value(), pinned: false, time: Date.now(),
		};
	}

	private async publish(): Promise<void> {
		const c = this.app.connection, m = this.message();
		if (!c || this.send.disabled) return;
		const wrong = [this.times, this.interval, ...(this.answer.box.checked ? [this.wait] : [])].find((field) => !inBounds(field));
		if (wrong) {
			this.say(`${wrong.labels![0]!.firstChild!.textContent} is a whole number from ${count(Number(wrong.min))} to ${count(Number(wrong.max))}.`, true);
			wrong.focus();
			return;
		}
		const ask: Publish = { connection: c.id, topic: m.topic, qos: m.qos, retain: m.retain, properties: m.properties, template: m.template, count: Number(this.times.value) || 1, interval: Number(this.interval.value) || 0 };
		if (m.form === 'text') ask.payload = m.payload;
		else {
			const data = decoded(m.form, m.payload);
			if (!data) {
				this.say(`The payload is no ${m.form}: correct it, or choose Text.`, true);
				return;
			}
			ask.bytes = toBase64(data);
		}
		if (this.answer.box.checked) {
			ask.answer = Number(this.wait.value) || 5000;
			ask.responseTopic = this.responseTopic.value;
		}
		this.responseBox.hidden = true;
		this.busy = c.id;
		this.update();
		this.say(this.answer.box.checked ? 'Waiting for the response…' : 'Publishing…');
		this.remember(m);
		try {
			this.showResult(c.id, await this.app.ask<Published>('publish', ask), m.qos);
		} catch (error) {
			this.say(shown(error instanceof Error ? error.message : String(error)), true);
		}
		this.busy = 0;
		this.update();
	}

	private say(text: string, bad = false): void {
		say(this.result, text);
		this.result.classList.toggle('bad', bad);
	}

	private open(connection: number, node: number): void {
		this.app.look(connection, node);
		this.app.show('topic');
	}

	private showResult(connection: number, p: Published, qos: number): void {
		this.say(`${plural(p.count, 'message')} published, ${qos ? 'acknowledged' : 'sent'} after ${digits(p.took)} ms${p.reason ? ': ' + shown(p.reason) : ''}`);
		if (!p.response) return;
		const { node } = p, topic = h('bdi', {}, shown(p.response.topic));
		fill(this.responseBox, h('h2', {}, 'Response'), h('p', { class: 'soft' }, node ? h('button', { type: 'button', class: 'button link', title: 'Show this topic', onclick: () => this.open(connection, node) }, topic) : topic, ' · ' + bytes(p.response.s) + ' · ' + clock(p.response.t)),
			p.response.more ? h('p', { class: 'soft' }, 'Its first part; the topic has all of it.') : null, this.response.element);
		this.responseBox.hidden = false;
		this.response.show(p.response);
		this.responseBox.scrollIntoView({ block: 'nearest' });
	}

	private remember(m: Sent): void {
		if (m.payload.length > longest) return;
		const same = (a: Sent) => a.topic === m.topic && a.payload === m.payload && a.form === m.form && a.qos === m.qos && a.retain === m.retain;
		const before = this.sent.find(same);
		this.sent = this.sent.filter((s) => s !== before);
		this.sent.unshift({ ...m, pinned: before?.pinned ?? false });
		this.keep();
	}

	private keep(): void {
		const pinned = this.sent.filter((s) => s.pinned), others = this.sent.filter((s) => !s.pinned).slice(0, most);
		this.sent = [...pinned, ...others];
		kept.write('published', this.sent);
		this.showPast();
	}

	private showPast(): void {
		fill(this.past, ...this.sent.map((s) => h('li', { class: s.pinned ? 'pinned' : '' },
			h('button', { type: 'button', class: 'past-item', title: 'Put it into the form', onclick: () => this.use(s) }, h('bdi', { class: 'past-topic' }, shown(s.topic)), h('bdi', { class: 'past-payload' }, shown(s.payload.slice(0, 200)) || '(empty)')),
			h('span', { class: 'soft' }, `QoS ${s.qos}${s.retain ? ' R' : ''}`),
			button({ icon: 'target', title: s.pinned ? 'Let it go again' : 'Keep it at the top', class: s.pinned ? 'on' : '', press: () => { s.pinned = !s.pinned; this.keep(); } }),
			button({ icon: 'close', title: 'Forget it', press: () => { this.sent = this.sent.filter((o) => o !== s); this.keep(); } }))));
		if (!this.sent.length) fill(this.past, h('li', { class: 'note' }, 'Nothing yet. What is published here can be published again from here.'));
	}

	private use(s: Sent): void {
		this.draft({ topic: s.topic, payload: s.payload, qos: s.qos, retain: s.retain });
		this.form.value = s.form;
		this.template.box.checked = s.template;
		this.help.hidden = !s.template;
		this.properties.fill(s.properties);
		this.checkPayload();
	}
}

// inBounds reports whether a field has a whole number that it may have, or none at all.
function inBounds(field: HTMLInputElement): boolean {
	const { badInput, rangeUnderflow, rangeOverflow } = field.validity;
	return !badInput && !rangeUnderflow && !rangeOverflow && Number.isInteger(Number(field.value));
}

// decoded returns the bytes of a text in hex or base64.
function decoded(form: string, text: string): Uint8Array | undefined {
	const plain = text.replace(/\s+|0x/g, '');
	if (form === 'hex') {
		if (plain.length % 2 || /[^0-9a-f]/i.test(plain)) return undefined;
		return Uint8Array.from(plain.match(/../g) ?? [], (pair) => parseInt(pair, 16));
	}
	try {
		return Uint8Array.from(atob(plain), (c) => c.charCodeAt(0));
	} catch {
		return undefined;
	}
}
