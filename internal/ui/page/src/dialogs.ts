// Windows in the page: connect, delete retained messages, and the list of keys.
import type { App } from './app';
import { button, fill, h, labelled, newID, say, select } from './dom';
import { bytes, count, cut, moment, plural, shown } from './format';
import type { Connect, Connection, File, Plan, Progress } from './protocol';

// dialog makes a window with a title, which Escape closes.
function dialog(title: string, ...children: (Node | null)[]): HTMLDialogElement {
	const id = newID('title');
	const made: HTMLDialogElement = h('dialog', { 'aria-labelledby': id },
		h('div', { class: 'dialog-head' }, h('h2', { id }, title), button({ icon: 'close', title: 'Close', press: () => made.close() })), ...children);
	made.addEventListener('close', () => made.remove());
	made.addEventListener('click', (e) => { if (e.target === made) made.close(); });
	document.body.append(made);
	made.showModal();
	return made;
}

// openConnect asks for a broker, such as the one of a connection that has ended, or for a recording of the folder.
export function openConnect(app: App, as: Connection | undefined, done: (connection: Connection) => void): void {
	const url = h('input', { type: 'text', class: 'mono', value: as?.url ?? 'mqtt://', placeholder: 'mqtt://host:1883, mqtts://, ws://, wss://', spellcheck: 'false', autocapitalize: 'off' });
	const filters = h('textarea', { class: 'mono', rows: 2, placeholder: 'home/#', spellcheck: 'false' });
	filters.value = (as?.filters ?? []).map((f) => f.filter).join('\n');
	const username = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' }), password = h('input', { type: 'password', autocomplete: 'off' });
	const clientId = h('input', { type: 'text', placeholder: 'made up', spellcheck: 'false' });
	const version = select([['', 'the best'], ['5', '5'], ['3.1.1', '3.1.1'], ['3.1', '3.1']], () => {});
	const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
	let asking = false;
	const go = (ask: Connect) => {
		if (asking) return;
		asking = true;
		problem.hidden = true;
		app.ask<Connection>('connect', ask).then((c) => {
			made.close();
			done(c);
		}).catch((error: unknown) => {
			say(problem, shown(error instanceof Error ? error.message : String(error)));
			problem.hidden = false;
		}).finally(() => { asking = false; });
	};
	const form = h('form', {
		onsubmit: (e: Event) => {
			e.preventDefault();
			go({ url: url.value.trim(), filters: filters.value.split('\n').map((filter) => filter.trim()).filter(Boolean).map((filter) => ({ filter, qos: 0 })), username: username.value, password: password.value, clientId: clientId.value, version: version.value });
		},
	},
	labelled('Address', url), labelled('Filters, one a line; none: all that a broker of this machine has', filters),
	h('div', { class: 'row' }, labelled('User name', username), labelled('Password', password)),
	h('div', { class: 'row' }, labelled('Client ID', clientId), labelled('MQTT', version)), problem,
	h('div', { class: 'row send-row' }, h('button', { type: 'submit', class: 'button primary' }, 'Connect'), h('span', { class: 'soft' }, 'TLS and all else is as the command was given.')));
	const files = h('div', {});
	const made = dialog('Connect', form, h('h3', {}, 'Or open a recording'), files);
	url.focus();
	url.setSelectionRange(url.value.length, url.value.length);
	if (!app.hello.folder) {
		fill(files, h('p', { class: 'soft' }, 'Start dunlin ui with --folder DIR to record, and to open recordings.'));
		return;
	}
	app.ask<File[] | null>('files').then((list) => fill(files, ...(list ?? []).map((f) => h('button', { type: 'button', class: 'file', onclick: () => go({ url: '', replay: f.name }) },
		h('bdi', {}, shown(f.name)), h('span', { class: 'soft' }, `${bytes(f.size)} · ${moment(f.time)}`))), list?.length ? null : h('p', { class: 'soft' }, 'There are none in ' + shown(app.hello.folder ?? '') + ' yet.'))).catch((error: unknown) => fill(files, h('p', { class: 'problem' }, shown(error instanceof Error ? error.message : String(error)))));
}

// ClearDialog deletes retained messages, after it has shown which.
export class ClearDialog {
	private readonly made: HTMLDialogElement;
	private readonly body = h('div', { class: 'clear' });
	private readonly bar = h('progress', { max: 1, value: 0, 'aria-label': 'Deleting' });
	private readonly status = h('p', { role: 'status' });
	private plan = 0; // that is being carried out

	constructor(private readonly app: App, connection: number, node: number, topic: string) {
		this.made = dialog('Delete retained messages', h('p', {}, 'Of ', h('bdi', { class: 'mono' }, shown(cut(topic, 300))), ' and all topics below it. Other clients will not see them any more when they subscribe.'), this.body);
		fill(this.body, h('p', { class: 'soft' }, 'Looking which there are…'));
		app.ask<Plan>('clear', { connection, node }).then((plan) => this.offer(plan)).catch((error: unknown) => fill(this.body, h('p', { class: 'problem', role: 'alert' }, shown(error instanceof Error ? error.message : String(error)))));
	}

	progress(p: Progress): void {
		if (p.what !== 'clear' || p.plan !== this.plan) return; // one that was begun before may go on
		if (p.ended) this.plan = 0;
		this.bar.max = Math.max(1, p.all);
		this.bar.value = p.done;
		say(this.status, p.error ? shown(p.error) : p.ended ? `${plural(p.done, 'retained message')} deleted.` : `${count(p.done)} of ${count(p.all)}`);
		this.status.classList.toggle('problem', !!p.error);
		if (p.ended && !p.error) window.setTimeout(() => this.made.close(), 1500);
	}

	// lost says that how far it is can no longer be told.
	lost(): void {
		if (!this.plan) return;
		this.plan = 0;
		say(this.status, 'The connection to dunlin ui was lost: plan it again to see what is left.');
		this.status.classList.add('problem');
	}

	private offer(plan: Plan): void {
		if (!plan.count) {
			fill(this.body, h('p', {}, 'The broker keeps none there, as far as it shows them to this user.'));
			return;
		}
		const topics = plan.topics ?? [];
		const go = button({ text: `Delete ${plural(plan.count, 'message')}`, class: 'danger', press: () => this.run(plan) });
		fill(this.body, h('p', {}, h('strong', {}, plural(plan.count, 'retained message')), ' will be deleted:'),
			h('ul', { class: 'plan', tabindex: 0, 'aria-label': 'Topics' }, ...topics.map((t) => h('li', {}, h('bdi', {}, shown(cut(t, 500)))))),
			plan.count > topics.length ? h('p', { class: 'soft' }, `and ${count(plan.count - topics.length)} more`) : null,
			h('div', { class: 'row send-row' }, go, button({ text: 'Cancel', press: () => this.made.close() })));
	}

	private run(plan: Plan): void {
		this.plan = plan.plan;
		fill(this.body, this.bar, this.status);
		say(this.status, `0 of ${count(plan.count)}`);
		this.app.ask('clearNow', { plan: plan.plan }).catch((error: unknown) => {
			say(this.status, error instanceof Error ? error.message : String(error));
			this.status.classList.add('problem');
		});
	}
}

const keys: [string, string][] = [
	['/', 'search in topics and values'], ['1 … 5', 'topic, publish, packets, broker, faults'], ['[  ]', 'the connection before, the next one'], ['.', 'pause, and go on'], ['t', 'to the tree'], ['?', 'this list'],
	['↑ ↓ Home End', 'in the tree: walk'], ['→ ←', 'in the tree: open, close, to the level above'], ['Enter', 'in the tree: show the topic'], ['*', 'in the tree: open all below'], ['Delete', 'in the tree: delete retained messages below'],
	['→ ←', 'in JSON: unfold, fold'], ['Ctrl+Enter', 'in the payload: publish'], ['Escape', 'close what is open'],
];

// openHelp lists the keys. single tells whether keys without Ctrl work, and change is called when a person changes it.
export function openHelp(version: string, single: boolean, change: (on: boolean) => void): void {
	const box = h('input', { type: 'checkbox', onchange: () => change(box.checked) });
	box.checked = single;
	dialog('Keys', h('dl', { class: 'keys' }, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])),
		h('label', { class: 'check' }, box, h('span', {}, 'Single letters and signs are keys')), h('p', { class: 'soft' }, 'dunlin ' + shown(version)));
}
