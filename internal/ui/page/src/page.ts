// The page of dunlin ui: what stands where, and what comes from the server to which part.
import { type App, type Draft, kept, type Part, type Tab } from './app';
import { BrokerPane } from './broker';
import { Connections } from './connections';
import { ClearDialog, openConnect, openHelp } from './dialogs';
import { button, h, say, set } from './dom';
import { FaultPane } from './faults';
import { Head } from './head';
import { listen } from './keys';
import { PacketPane } from './packets';
import type { Connection, Hello, Push, Topic } from './protocol';
import { PublishPane } from './publish';
import { Splitter } from './splitter';
import { Tabs } from './tabs';
import { Theme } from './theme';
import { TopicPane } from './topic';
import { Tree } from './tree';
import { Wire } from './wire';

class Page implements App {
	hello: Hello = { version: '', readOnly: false, connections: [], formats: [] };
	connection: Connection | undefined;
	private greeted = false;
	private readonly token: string;
	private readonly wire: Wire;
	private readonly trees = new Map<number, Tree>();
	private readonly treeBox = h('div', { class: 'trees' });
	private readonly connections: Connections;
	private readonly head: Head;
	private readonly topicPane: TopicPane;
	private readonly publishPane: PublishPane;
	private readonly packetPane: PacketPane;
	private readonly brokerPane: BrokerPane;
	private readonly faultPane: FaultPane;
	private readonly parts: Map<Tab, Part>;
	private readonly tabs: Tabs;
	private readonly gone = h('p', { class: 'gone', role: 'alert', hidden: true });
	private readonly notices = h('div', { class: 'notices', role: 'status' });
	private readonly readOnly = h('span', { class: 'pill', hidden: true, title: 'dunlin ui was started with --read-only: nothing can be published or changed.' }, 'read-only');
	private readonly narrow = matchMedia('(max-width: 760px)');
	private clearing?: ClearDialog;
	private looked = { connection: 0, node: 0 };
	private awaited = 0; // the connection that the page turns to when it is there
	private single = kept.read('single', true);

	constructor() {
		this.token = tokenHere();
		this.wire = new Wire(this.token, { push: (p) => this.take(p), state: (up, why) => this.reached(up, why) });
		this.connections = new Connections(this, (id) => this.turnTo(id), () => this.showTrees(), () => this.connect());
		this.head = new Head(this);
		this.topicPane = new TopicPane(this);
		this.publishPane = new PublishPane(this);
		this.packetPane = new PacketPane(this, (p) => this.faultPane.packets(p));
		this.brokerPane = new BrokerPane(this);
		this.faultPane = new FaultPane(this);
		this.parts = new Map<Tab, Part>([['topic', this.topicPane], ['publish', this.publishPane], ['packets', this.packetPane], ['broker', this.brokerPane], ['faults', this.faultPane]]);
		this.tabs = new Tabs('Views', () => this.tabChanged());
		this.build();
		listen({
			on: () => this.single, search: () => this.tree()?.focusSearch(), tree: () => this.tree()?.focus(), help: () => this.help(), pause: () => this.pause(), turn: (by) => this.connections.turn(by),
			tab: (n) => { const names = [...this.parts.keys()]; if (names[n - 1]) this.show(names[n - 1]!); },
		}, () => { if (this.narrow.matches) this.show('topics'); });
		addEventListener('popstate', () => {
			if (tokenHere() === this.token) this.follow();
			else location.reload(); // it is the address of a dunlin ui that was started anew, for which browsers load nothing by themselves
		});
		this.narrow.addEventListener('change', () => this.fit());
		this.fit();
		this.wire.open();
	}

	async ask<T>(what: string, parameters: object = {}): Promise<T> {
		try {
			return await this.wire.ask<T>(what, parameters);
		} catch (error) {
			const elsewhere = ['connect', 'files', 'publish', 'clear', 'clearNow', 'read', 'dissect'].includes(what); // it is shown where it was asked for
			if (!elsewhere && this.gone.hidden) this.tell(error instanceof Error ? error.message : String(error), true);
			throw error;
		}
	}

	tell(text: string, bad = false): void {
		const notice = h('div', { class: 'notice' + (bad ? ' bad' : '') }, h('span', {}, text), button({ icon: 'close', title: 'Close', press: () => notice.remove() }));
		while (this.notices.childElementCount > 3) this.notices.firstElementChild!.remove();
		this.notices.append(notice);
		window.setTimeout(() => notice.remove(), bad ? 12_000 : 4000);
	}

	look(connection: number, node: number): void {
		this.lookAt(connection, node);
		this.remember(true);
		if (this.narrow.matches || this.tabs.current !== 'publish') this.show('topic');
	}

	isNarrow(): boolean {
		return this.narrow.matches;
	}

	show(tab: Tab): void {
		if (!this.tabs.offers(tab)) return;
		this.tabs.show(tab);
		this.remember(false);
	}

	draft(draft: Draft): void {
		this.show('publish');
		this.publishPane.draft(draft);
	}

	connect(as?: Connection): void {
		openConnect(this, as, (c) => this.turnTo(c.id));
	}

	clear(connection: number, node: number, topic: string): void {
		if (this.hello.readOnly) this.tell('This viewer is read-only: nothing is deleted.', true);
		else this.clearing = new ClearDialog(this, connection, node, topic);
	}

	copy(text: string, what: string): void {
		const write = async () => navigator.clipboard.writeText(text); // a page that came from another machine without TLS has no clipboard
		write().then(() => this.tell(what + ' is in the clipboard.')).catch(() => this.tell('The browser does not let the page write to the clipboard: select the text, and copy it by Ctrl+C.', true));
	}

	private build(): void {
		const help = button({ icon: 'help', title: 'Keys ( ? )', press: () => this.help() });
		const top = h('header', { class: 'top' }, h('h1', { class: 'brand' }, 'dunlin'), this.connections.element, h('span', { class: 'spring' }), this.readOnly, new Theme().element, help);
		this.tabs.add('topics', 'Topics', this.treeBox);
		const names: Record<string, string> = { topic: 'Topic', publish: 'Publish', packets: 'Packets', broker: 'Broker', faults: 'Faults' };
		const panels = [...this.parts].map(([name, part]) => {
			const panel = h('div', { class: 'panel' }, part.element);
			this.tabs.add(name, names[name]!, panel);
			return panel;
		});
		const work = h('main', { class: 'work' });
		work.append(this.tabs.bar, this.treeBox, new Splitter(work, 'tree', 'Width of the tree', 'x').element, ...panels);
		this.tabs.bar.classList.add('views');
		document.body.replaceChildren(top, this.gone, this.head.element, work, this.notices);
		this.tabs.show(this.narrow.matches ? 'topics' : 'topic');
	}

	// fit makes the tree a view among the others where there is little room.
	private fit(): void {
		const narrow = this.narrow.matches;
		this.tabs.offer('topics', narrow);
		if (!narrow && this.tabs.current === 'topics') this.tabs.show('topic');
		this.treeBox.hidden = narrow && this.tabs.current !== 'topics';
		set(this.treeBox, 'role', narrow ? 'tabpanel' : undefined);
		for (const tree of this.trees.values()) tree.visible(this.isShown(tree));
	}

	// pause has what is shown stay as it is, or go on.
	private pause(): void {
		if (this.tabs.current === 'packets') this.packetPane.turn();
		else if (this.tabs.current === 'topic') this.topicPane.togglePause();
	}

	private help(): void {
		openHelp(this.hello.version, this.single, (on) => {
			this.single = on;
			kept.write('single', on);
		});
	}

	private tree(): Tree | undefined {
		if (this.narrow.matches) this.show('topics');
		return this.connection && this.trees.get(this.connection.id);
	}

	private reached(up: boolean, why: string): void {
		this.gone.hidden = up;
		say(this.gone, why);
		document.body.classList.toggle('offline', !up);
		if (!up) this.clearing?.lost();
		if (!up) return;
		this.greeted = false; // the server knows nothing of what this page shows
		for (const tree of this.trees.values()) tree.forgotten();
		for (const tree of this.trees.values()) if (this.isShown(tree)) tree.visible(true);
	}

	private take(p: Push): void {
		if (p.hello) this.greet(p.hello);
		if (p.rows) this.trees.get(p.rows.connection)?.take(p.rows);
		if (p.topic) this.takeTopic(p.topic);
		if (p.packets) for (const part of this.parts.values()) part.packets?.(p.packets);
		if (p.server) for (const part of this.parts.values()) part.server?.(p.server);
		if (p.progress) {
			this.clearing?.progress(p.progress);
			for (const part of this.parts.values()) part.progress?.(p.progress);
		}
	}

	private takeTopic(t: Topic): void {
		if (t.connection === this.looked.connection && t.node === this.looked.node) this.topicPane.take(t);
	}

	private greet(hello: Hello): void {
		this.hello = { ...hello, connections: hello.connections ?? [] };
		this.readOnly.hidden = !hello.readOnly;
		if (!this.greeted) {
			this.greeted = true;
			this.follow();
			for (const [name, part] of this.parts) if (this.isOpen(name)) part.visible?.(true);
		}
		if (this.hello.connections.some((c) => c.id === this.awaited)) this.turnTo(this.awaited);
		const here = this.hello.connections.find((c) => c.id === this.connection?.id);
		if (here) this.connection = here;
		else this.turnTo(this.hello.connections[0]?.id ?? 0);
		this.update();
	}

	private update(): void {
		const c = this.connection;
		this.tabs.offer('faults', c?.kind === 'proxy');
		this.tabs.offer('publish', !this.hello.readOnly && c?.kind === 'broker');
		this.tabs.offer('broker', c?.kind === 'broker');
		if (c && !this.tabs.offers(this.tabs.current)) this.tabs.show('topic');
		document.title = c ? c.name + ' – dunlin' : 'dunlin';
		this.connections.update();
		this.head.update();
		this.showTrees();
		for (const part of this.parts.values()) part.update?.();
	}

	// turnTo makes another connection the one that the page is about: one that was just made, once the server has told of it.
	private turnTo(id: number): void {
		const before = this.connection?.id;
		const known = !id || this.hello.connections.some((c) => c.id === id);
		this.awaited = known ? 0 : id;
		if (!known) return;
		this.connection = this.hello.connections.find((c) => c.id === id);
		if (before === this.connection?.id) return;
		if (this.looked.connection !== id) {
			const left = this.looked.connection;
			this.looked = { connection: 0, node: 0 };
			this.topicPane.forget();
			if (left) this.wire.ask('look', { connection: left, node: 0 }).catch(() => {}); // the connection may be gone, too
		}
		this.remember(false);
		this.update();
	}

	private isShown(tree: Tree): boolean {
		return tree.element.isConnected && !(this.narrow.matches && this.tabs.current !== 'topics');
	}

	// showTrees shows the tree of the connection, and of those that are to stand beside it.
	private showTrees(): void {
		const ids = this.hello.connections.map((c) => c.id).filter((id) => id === this.connection?.id || this.connections.beside.has(id));
		const shown = ids.map((id) => {
			let tree = this.trees.get(id);
			if (!tree) this.trees.set(id, tree = new Tree(this, id));
			return tree;
		});
		const now = [...this.treeBox.children];
		if (now.length !== shown.length || shown.some((t, i) => t.element !== now[i])) {
			this.treeBox.replaceChildren(...shown.map((t) => t.element));
			for (const tree of this.trees.values()) tree.visible(this.isShown(tree));
		}
		this.treeBox.classList.toggle('several', shown.length > 1);
		for (const tree of shown) {
			tree.update();
			tree.select(tree.connection === this.looked.connection ? this.looked.node : 0);
			tree.element.classList.toggle('current', tree.connection === this.connection?.id);
		}
	}

	// lookAt asks for a topic; from an address, the branches above it are opened, too.
	private lookAt(connection: number, node: number, unfold = false): void {
		this.looked = { connection, node };
		if (connection !== this.connection?.id) this.turnTo(connection);
		this.trees.get(connection)?.select(node);
		this.ask<Topic | null>('look', { connection, node })
			.then((t) => {
				if (!t) return;
				this.takeTopic(t);
				if (unfold) for (const step of (t.path ?? []).slice(0, -1)) void this.trees.get(connection)?.open(step.n, true);
			}).catch(() => {});
	}

	private tabChanged(): void {
		for (const [name, part] of this.parts) part.visible?.(this.isOpen(name));
		this.fit();
	}

	// isOpen reports whether a part is to be told what comes. The devices of the faults come with packets.
	private isOpen(name: Tab): boolean {
		return name === this.tabs.current || name === 'packets' && this.tabs.current === 'faults';
	}

	// remember writes into the address what is looked at, so that it can be kept and sent on.
	private remember(step: boolean): void {
		const { connection, node } = this.looked;
		const view = this.tabs.current === 'topic' || this.tabs.current === 'topics' ? '' : '&v=' + this.tabs.current;
		const hash = '#' + this.token + (this.connection ? '&c=' + this.connection.id : '') + (node && connection === this.connection?.id ? '&n=' + node : '') + view;
		if (hash === location.hash) return;
		if (step) history.pushState(null, '', hash);
		else history.replaceState(null, '', hash);
	}

	// follow shows what the address names.
	private follow(): void {
		const named = new URLSearchParams(location.hash.slice(1 + this.token.length).replace(/^[&/]/, ''));
		const id = Number(named.get('c') ?? 0), node = Number(named.get('n') ?? 0), view = named.get('v');
		const c = this.hello.connections.find((one) => one.id === id);
		if (c) this.turnTo(c.id);
		if (c && node) this.lookAt(c.id, node, true);
		if (view && this.parts.has(view as Tab) && this.tabs.offers(view)) this.tabs.show(view);
		else if (this.narrow.matches) this.tabs.show(node ? 'topic' : 'topics');
		else if (node && this.tabs.current !== 'topic') this.tabs.show('topic');
	}
}

// tokenHere is the token in the address.
function tokenHere(): string {
	return /^#([0-9a-f]*)/.exec(location.hash)?.[1] ?? '';
}

new Page();
