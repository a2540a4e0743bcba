// Elements made by code. What comes from a broker becomes text nodes, never markup, addresses or styles.

export type Child = Node | string | number | null | undefined | false;

type Listener = (event: never) => void;

export interface Attributes {
	class?: string;
	[name: string]: string | number | boolean | Listener | undefined;
}

// h makes an element. Attributes that are functions listen to the event of their name without "on".
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
		else set(element, name, value);
	}
	add(element, ...children);
	return element;
}

// set sets an attribute, or takes it away: true is an attribute without a value, false and undefined are none.
export function set(element: Element, name: string, value: string | number | boolean | undefined): void {
	if (value === false || value === undefined) element.removeAttribute(name);
	else {
		const text = value === true ? '' : String(value);
		if (element.getAttribute(name) !== text) element.setAttribute(name, text);
	}
}

export function add(element: Element, ...children: Child[]): void {
	for (const child of children) {
		if (child === null || child === undefined || child === false) continue;
		element.append(typeof child === 'number' ? String(child) : child);
	}
}

// fill has an element have these children and no others. Those that it has already are not taken out: they would lose the focus, the place
// where they are scrolled to, and a press that has begun.
export function fill(element: Element, ...children: Child[]): void {
	const wanted = new Set<Node>();
	for (const child of children) if (child !== null && child !== undefined && child !== false) wanted.add(child instanceof Node ? child : new Text(String(child)));
	for (const node of [...element.childNodes]) if (!wanted.has(node)) node.remove();
	let next = element.firstChild;
	for (const node of wanted) {
		if (node === next) next = next.nextSibling;
		else element.insertBefore(node, next);
	}
}

// say sets the text of an element where it is another one.
export function say(element: Element, text: string): void {
	const first = element.firstChild;
	if (!(first instanceof Text) || first.nextSibling) element.textContent = text;
	else if (first.data !== text) first.data = text;
}

const icons: Record<string, string> = {
	open: 'M6 4l4 4-4 4', plus: 'M8 3v10M3 8h10', close: 'M4 4l8 8M12 4l-8 8', copy: 'M6 6h7v7H6zM3 10V3h7', pause: 'M5.5 3.5v9M10.5 3.5v9',
	play: 'M5 3l8 5-8 5z', record: 'M8 4a4 4 0 100 8 4 4 0 000-8z', stop: 'M4 4h8v8H4z', theme: 'M8 2.5a5.5 5.5 0 100 11zM8 2.5a5.5 5.5 0 010 11',
	help: 'M6 6a2 2 0 114 0c0 1.5-2 1.6-2 3.2M8 12v.2', unfold: 'M4 6l4-3 4 3M4 10l4 3 4-3', fold: 'M4 3l4 3 4-3M4 13l4-3 4 3', chart: 'M2.5 13.5h11M3 10l3-4 3 2 4-5',
	send: 'M2.5 8L13.5 3 10 13.5 7.5 9z', bin: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9', up: 'M8 13V3M4 7l4-4 4 4', down: 'M8 3v10M4 9l4 4 4-4',
	beside: 'M2.5 3.5h11v9h-11zM8 3.5v9', lock: 'M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 015 0v2.5', back: 'M10 4L6 8l4 4', search: 'M7 3a4 4 0 100 8 4 4 0 000-8zM10 10l3.5 3.5',
	target: 'M8 3a5 5 0 100 10A5 5 0 008 3zM8 1v3M8 12v3M1 8h3M12 8h3', more: 'M3 8h.1M8 8h.1M13 8h.1', save: 'M8 2.5v7M5 7l3 3 3-3M3 13h10',
};

// icon draws one of the page's own pictures, which say nothing to a screen reader.
export function icon(name: string): SVGSVGElement {
	const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
	set(svg, 'viewBox', '0 0 16 16');
	set(svg, 'class', 'icon');
	set(svg, 'aria-hidden', 'true');
	const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
	set(path, 'd', icons[name]);
	svg.append(path);
	return svg;
}

// button makes a button; without a text it is its icon, and the title is its name.
export function button(options: { icon?: string; text?: string; title?: string; class?: string; press: (event: MouseEvent) => void }): HTMLButtonElement {
	const made = h('button', { type: 'button', class: (options.text ? 'button ' : 'button bare ') + (options.class ?? ''), title: options.title, onclick: options.press });
	if (!options.text) set(made, 'aria-label', options.title);
	add(made, options.icon ? icon(options.icon) : null, options.text ? h('span', {}, options.text) : null);
	return made;
}

const still = 5; // pixels that a pointer may move during a press

// onPress tells of presses on rows, with what a row showed when the press began: rows move, and show others, while it lasts.
export function onPress<T>(list: HTMLElement, rows: string, what: (row: HTMLElement, target: Element) => T, press: (what: T, e: MouseEvent) => void): void {
	const under = (e: MouseEvent): T | undefined => {
		const target = e.target as Element, row = target.closest<HTMLElement>(rows);
		return row ? what(row, target) : undefined;
	};
	let begun: { what: T | undefined; x: number; y: number } | undefined;
	list.addEventListener('pointerdown', (e) => { begun = { what: under(e), x: e.clientX, y: e.clientY }; });
	list.addEventListener('click', (e) => {
		const held = begun && Math.hypot(e.clientX - begun.x, e.clientY - begun.y) < still ? begun.what : undefined, found = held ?? under(e);
		begun = undefined;
		if (found !== undefined) press(found, e);
	});
}

// labelled puts a label's text before, or above, what it is for.
export function labelled(text: string, control: HTMLElement, kind = 'field'): HTMLLabelElement {
	return h('label', { class: kind }, h('span', {}, text), control);
}

// select makes a choice of values with their texts.
export function select(choices: [string, string][], change: (value: string) => void, attributes: Attributes = {}): HTMLSelectElement {
	const made = h('select', attributes);
	choose(made, choices, choices[0]?.[0] ?? '');
	made.addEventListener('change', () => change(made.value));
	return made;
}

// choose has a choice offer these values, and one of them be chosen. One that is chosen stays, also where it is no longer among them: the
// others mean something else.
export function choose(element: HTMLSelectElement, choices: [string, string][], value: string): void {
	const chosen = [...element.options].find((o) => o.value === value);
	if (chosen && !choices.some(([v]) => v === value)) choices = [...choices, [value, chosen.text]];
	const now = [...element.options].map((o) => o.value + '\n' + o.text).join('\n');
	if (now !== choices.map(([v, text]) => v + '\n' + text).join('\n')) fill(element, ...choices.map(([v, text]) => h('option', { value: v }, text)));
	element.value = value;
}

// check makes a box to tick with its text.
export function check(text: string, change: (on: boolean) => void = () => {}, title?: string): { label: HTMLLabelElement; box: HTMLInputElement } {
	const box = h('input', { type: 'checkbox' });
	box.addEventListener('change', () => change(box.checked));
	return { box, label: h('label', { class: 'check', title }, box, h('span', {}, text)) };
}

let ids = 0;

// newID returns an identifier that no other element has.
export function newID(prefix: string): string {
	return prefix + ++ids;
}
