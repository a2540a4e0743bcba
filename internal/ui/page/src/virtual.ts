// A list of any length that has elements for what is in sight only, and uses them again when it scrolls.
import { h } from './dom';

export interface Rows {
	height: number; // of each row, in pixels
	head?: HTMLElement; // stays on top
	make: () => HTMLElement;
	fill: (row: HTMLElement, index: number) => void;
	seen?: (from: number, to: number) => void; // called when other rows are in sight
}

// tallest is what browsers scroll without losing exactness. A longer list scrolls in larger steps.
const tallest = 8_000_000;

export class VirtualList {
	readonly element: HTMLElement;
	readonly body = h('div', { class: 'virtual-body' });
	private rows: HTMLElement[] = [];
	private shown: number[] = []; // the index that each of rows shows, -1: none
	private total = 0;
	private due = false;
	private viewHeight = 0; // and the place are kept: to ask for them makes the browser lay out the page
	private place = 0;
	private from = -1;
	private to = -1;

	constructor(private readonly options: Rows) {
		this.element = h('div', { class: 'virtual' }, options.head, this.body);
		this.element.addEventListener('scroll', () => this.moved(), { passive: true });
		new ResizeObserver(() => {
			this.viewHeight = this.element.clientHeight - (options.head?.offsetHeight ?? 0);
			this.moved();
		}).observe(this.element);
	}

	get length(): number {
		return this.total;
	}

	// resize says how many rows there are, and how many came above those in sight, which stay where they are.
	resize(total: number, above = 0): void {
		if (above) this.moved(); // it may have come in sight just now
		const top = this.top();
		if (total !== this.total) {
			this.total = total;
			this.body.style.height = Math.min(total * this.options.height, tallest) + 'px';
			this.schedule();
		}
		if (above) this.scrollTo(top + above * this.options.height);
	}

	// refresh has all rows in sight filled anew, with the next frame.
	refresh(): void {
		this.shown.fill(-1);
		this.schedule();
	}

	// range tells which rows are in sight, the second one no longer.
	range(): [number, number] {
		const top = this.top(), height = this.options.height;
		return [Math.max(0, Math.floor(top / height)), Math.min(this.total, Math.ceil((top + this.viewHeight) / height))];
	}

	// reveal scrolls as little as is needed to have a row in sight.
	reveal(index: number): void {
		const height = this.options.height, top = this.top(), view = this.viewHeight;
		if (index * height < top) this.scrollTo(index * height);
		else if ((index + 1) * height > top + view) this.scrollTo((index + 1) * height - view);
	}

	// atEnd reports whether the last row is in sight.
	atEnd(): boolean {
		return this.element.scrollTop + this.element.clientHeight >= this.element.scrollHeight - this.options.height;
	}

	toEnd(): void {
		this.element.scrollTop = this.element.scrollHeight;
		this.moved();
	}

	toStart(): void {
		this.element.scrollTop = 0;
		this.moved();
	}

	// schedule has the list drawn with the next frame.
	schedule(): void {
		if (this.due) return;
		this.due = true;
		requestAnimationFrame(() => {
			this.due = false;
			this.draw();
		});
	}

	// moved notes where the list is scrolled to.
	private moved(): void {
		const place = this.element.scrollTop;
		if (Math.abs(place - this.place) >= 1) this.place = place; // else it is where scrollTo has put it, but for what the browser has rounded
		this.schedule();
	}

	// stretch is how much longer the list is than what is scrolled.
	private stretch(): number {
		const whole = this.total * this.options.height, view = this.viewHeight;
		return whole <= tallest ? 1 : (whole - view) / (tallest - view);
	}

	private top(): number {
		return this.place * this.stretch();
	}

	private scrollTo(top: number): void {
		this.place = Math.max(0, top / this.stretch());
		this.element.scrollTop = this.place;
		this.moved();
	}

	private draw(): void {
		const [from, to] = this.range();
		const first = Math.max(0, from - 4), last = Math.min(this.total, to + 4);
		const size = Math.max(this.rows.length, last - first);
		while (this.rows.length < size) {
			const row = this.options.make();
			row.classList.add('virtual-row');
			row.style.height = this.options.height + 'px';
			this.rows.push(row);
			this.shown.push(-1);
			this.body.append(row);
		}
		const shift = this.place - this.top();
		const used = new Set<number>();
		for (let index = first; index < last; index++) {
			const slot = index % this.rows.length, row = this.rows[slot]!;
			used.add(slot);
			if (this.shown[slot] !== index) {
				this.shown[slot] = index;
				this.options.fill(row, index);
			}
			row.hidden = false;
			row.style.transform = `translateY(${index * this.options.height + shift}px)`;
		}
		for (let slot = 0; slot < this.rows.length; slot++) {
			if (used.has(slot)) continue;
			this.rows[slot]!.hidden = true;
			this.shown[slot] = -1;
		}
		if (from !== this.from || to !== this.to) {
			this.from = from;
			this.to = to;
			this.options.seen?.(from, to);
		}
	}
}
