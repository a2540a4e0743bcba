// What is different between a message and the one before it.
import { CodeView } from './code';
import { byLine, byMember, type Change } from './diff';
import { fill, h, select } from './dom';
import { count, plural, shown, shownLines } from './format';
import type { Message } from './protocol';
import { jsonOf } from './value';

const mostMembers = 500; // changes that are listed

export class DiffView {
	readonly element = h('div', { class: 'diff-view' });
	private readonly code = new CodeView('Changed lines');
	private readonly kind = select([['members', 'by member'], ['lines', 'by line']], () => this.draw(), { 'aria-label': 'Compare' });
	private pair?: [Message, Message];

	clear(text: string): void {
		this.pair = undefined;
		fill(this.element, h('p', { class: 'note' }, text));
	}

	show(before: Message, after: Message): void {
		this.pair = [before, after];
		this.draw();
	}

	private draw(): void {
		if (!this.pair) return;
		const [before, after] = this.pair;
		if (before.image || after.image) {
			this.clear('Pictures are not compared.');
			return;
		}
		const a = jsonOf(before), b = jsonOf(after);
		let changes = a !== undefined && b !== undefined ? byMember(a, b) : undefined;
		if (!changes?.length && a !== b) changes = undefined; // numbers of more digits than JavaScript tells apart, or another order
		const head = h('div', { class: 'bar' }, h('span', { class: 'soft' }, `Compared with message ${count(before.i)}`), changes ? this.kind : null);
		if (changes && this.kind.value === 'members') {
			fill(this.element, head, memberTable(changes));
			return;
		}
		const { lines, added, removed } = byLine(a ?? shownLines(before.text), b ?? shownLines(after.text));
		const partly = before.more || after.more ? ' Only the first part of the payloads is compared.' : '';
		head.append(h('span', { class: 'soft' }, (added || removed ? `${plural(added, 'line')} added, ${count(removed)} removed.` : 'No difference.') + partly));
		this.code.show(lines, false);
		fill(this.element, head, this.code.element);
	}
}

function memberTable(changes: Change[]): HTMLElement {
	if (!changes.length) return h('p', { class: 'note' }, 'No member is different.');
	const cell = (text: string | undefined, kind: string) => h('td', { class: kind }, text === undefined ? null : h('bdi', {}, shown(text.length > 500 ? text.slice(0, 500) + '…' : text)));
	return h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Changed members' }, h('table', { class: 'table changes' },
		h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Member'), h('th', { scope: 'col' }, 'Before'), h('th', { scope: 'col' }, 'After'))),
		h('tbody', {}, ...changes.slice(0, mostMembers).map((c) => h('tr', {}, h('th', { scope: 'row' }, h('bdi', {}, shown(c.path))), cell(c.before, c.after === undefined ? 'removed' : ''), cell(c.after, c.before === undefined ? 'added' : change(c)))))),
	changes.length > mostMembers ? h('p', { class: 'note' }, `${count(changes.length - mostMembers)} more members are different.`) : null);
}

// change tells whether a number became greater or less.
function change(c: Change): string {
	const before = Number(c.before), after = Number(c.after);
	if (Number.isNaN(before) || Number.isNaN(after)) return '';
	return after > before ? 'rise' : 'fall';
}
