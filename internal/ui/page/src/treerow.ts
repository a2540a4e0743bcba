// A row of the tree of topics.
import { h, icon, say, set } from './dom';
import { count, rate, short, shown, since } from './format';
import type { Row } from './protocol';

// deepest is the level from which on rows are no longer indented further.
const deepest = 16;

const calm = matchMedia('(prefers-reduced-motion: reduce)');

export class TreeRow {
	readonly element: HTMLElement;
	private readonly cell = h('div', { class: 'topic-cell', role: 'gridcell' });
	private readonly twist = h('span', { class: 'twist' }, icon('open'));
	private readonly deep = h('span', { class: 'deep' });
	private readonly name = h('bdi', { class: 'name' });
	private readonly below = h('span', { class: 'below' });
	private readonly retained = h('span', { class: 'retained', title: 'The server keeps a message for this topic.' }, 'R');
	private readonly value = h('bdi', { class: 'value' });
	private readonly messages = h('div', { class: 'number', role: 'gridcell' });
	private readonly rate = h('div', { class: 'number rate', role: 'gridcell' });
	private readonly time = h('div', { class: 'number time', role: 'gridcell' });
	row?: Row; // the one that it shows
	private flash?: Animation;

	constructor() {
		this.cell.append(this.deep, this.twist, this.name, this.retained, this.below, this.value);
		this.element = h('div', { class: 'tree-row', role: 'row' }, this.cell, this.messages, this.rate, this.time);
	}

	// show shows a row; none is one that has not come yet.
	show(row: Row | undefined, index: number, state: { active: boolean; selected: boolean; blinks: boolean; id: string }): void {
		const e = this.element, before = this.row;
		this.row = row;
		e.id = state.id;
		set(e, 'aria-rowindex', index + 2);
		e.classList.toggle('active', state.active);
		set(e, 'aria-selected', state.selected ? 'true' : 'false');
		e.classList.toggle('coming', !row);
		const depth = row?.d ?? 0, branch = !!row?.b;
		set(e, 'aria-level', depth + 1);
		set(e, 'aria-expanded', branch ? String(!!row?.o) : undefined);
		this.cell.style.paddingInlineStart = 4 + 14 * Math.min(depth, deepest) + 'px';
		say(this.deep, depth > deepest ? '+' + (depth - deepest) : '');
		this.twist.classList.toggle('branch', branch);
		this.twist.classList.toggle('opened', !!row?.o);
		const empty = row?.l === '';
		say(this.name, empty ? '(empty level)' : shown(row?.l ?? '…'));
		this.name.classList.toggle('empty', empty);
		this.retained.hidden = !row?.k;
		say(this.below, branch ? count(row!.b!) : '');
		say(this.value, row?.p ? preview(row) : '');
		this.value.classList.toggle('form', row?.f === 'binary' || row?.f === 'empty');
		say(this.messages, row ? short(row.m) : '');
		say(this.rate, row ? rate(row.r ?? 0) : '');
		say(this.time, row?.t ? since(row.t) : '');
		if (state.blinks && row && before?.n === row.n && before.m !== row.m) this.blink();
	}

	// blink shows that a message came.
	private blink(): void {
		if (calm.matches || this.flash?.playState === 'running') return;
		this.flash = this.messages.animate([{ backgroundColor: 'rgb(80 140 240 / 28%)' }, { backgroundColor: 'transparent' }], { duration: 700, easing: 'ease-out' });
	}
}

function preview(row: Row): string {
	if (row.f === 'empty') return '(empty)';
	return shown(row.v ?? '');
}
