// Tabs as WAI-ARIA has them: arrow keys go from one to the next.
import { h, newID, say, set } from './dom';

export class Tabs {
	readonly bar: HTMLElement;
	current = '';
	private readonly buttons = new Map<string, HTMLButtonElement>();
	private readonly panels = new Map<string, HTMLElement>();

	constructor(label: string, private readonly changed: (name: string) => void) {
		this.bar = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label, onkeydown: (e: KeyboardEvent) => this.key(e) });
	}

	// add adds a tab and makes an element its panel.
	add(name: string, text: string, panel: HTMLElement): void {
		const id = newID('tab');
		const tab = h('button', { type: 'button', class: 'tab', role: 'tab', id, 'aria-selected': 'false', tabindex: -1, onclick: () => this.show(name) }, h('span', {}, text), h('span', { class: 'badge' }));
		panel.id ||= newID('panel');
		set(panel, 'role', 'tabpanel');
		set(panel, 'aria-labelledby', id);
		set(tab, 'aria-controls', panel.id);
		panel.hidden = true;
		this.buttons.set(name, tab);
		this.panels.set(name, panel);
		this.bar.append(tab);
	}

	show(name: string): void {
		if (name === this.current) return;
		this.current = name;
		for (const [n, tab] of this.buttons) {
			set(tab, 'aria-selected', String(n === name));
			tab.tabIndex = n === name ? 0 : -1;
			this.panels.get(n)!.hidden = n !== name;
		}
		this.changed(name);
	}

	// badge puts a short text beside a tab's name.
	badge(name: string, text: string): void {
		say(this.buttons.get(name)!.querySelector('.badge')!, text);
	}

	offer(name: string, on: boolean): void {
		this.buttons.get(name)!.hidden = !on;
	}

	offers(name: string): boolean {
		return !this.buttons.get(name)!.hidden;
	}

	private key(e: KeyboardEvent): void {
		const names = [...this.buttons.keys()].filter((n) => !this.buttons.get(n)!.hidden), at = names.indexOf(this.current);
		const to: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 };
		if (!(e.key in to)) return;
		const name = names[(to[e.key]! + names.length) % names.length]!;
		this.show(name);
		this.buttons.get(name)!.focus();
		e.preventDefault();
		e.stopPropagation();
	}
}
