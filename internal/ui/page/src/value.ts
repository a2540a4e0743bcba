// The payload of one message: as text, as JSON that folds, as bytes, or as a picture.
import { CodeView, indented } from './code';
import { button, fill, h, say } from './dom';
import { bytes, count, fromBase64, shownLines } from './format';
import type { Message } from './protocol';

// folding are the forms whose text is JSON.
const folding = ['json', 'cbor', 'msgpack', 'protobuf', 'sparkplug'];

const piece = 65_536; // bytes of a payload that come at once, where it is text or hex
const wrapped = 200_000; // characters up to which a text is shown at once, with its lines wrapped

// jsonOf returns the text of a message with a line for each member, if it is JSON.
export function jsonOf(m: Message): string | undefined {
	if (!folding.includes(m.as) || m.more || m.problem) return undefined;
	return m.text.includes('\n') || m.text.length > 2_000_000 ? m.text : indented(m.text);
}

export class ValueView {
	readonly element = h('div', { class: 'value-view' });
	private readonly code = new CodeView('Payload');
	private readonly text = h('pre', { class: 'text', tabindex: 0, role: 'group', 'aria-label': 'Payload' });
	private readonly image = h('img', { alt: 'The payload as a picture' });
	private readonly problem = h('p', { class: 'problem', role: 'status' });
	private readonly note = h('p', { class: 'note' });
	private readonly further = h('p', { class: 'further' });
	private readonly part = h('span', {});
	private readonly spring = h('span', { class: 'spring' });
	private readonly turns: { button: HTMLButtonElement; back: boolean }[]; // to other parts: they stay, and keep the focus
	private at = 0; // the byte where the part begins that is shown
	private last = 0; // and the last part
	private picture = '';

	// more is called for the rest of a payload of which a part is shown; without it there is none to be had.
	constructor(private readonly more: ((from: number) => void) | undefined, chart: (path: string) => void) {
		this.code.press = chart;
		const turn = (text: string, back: boolean, to: () => number) => ({ button: button({ text, class: 'small', press: () => this.more?.(to()) }), back });
		this.turns = [turn('First', true, () => 0), turn('Before', true, () => Math.max(0, this.at - piece)), turn('Next', false, () => this.at + piece), turn('Last', false, () => this.last)];
	}

	foldAll(depth: number): void {
		this.code.foldAll(depth);
	}

	show(m: Message): void {
		this.forgetPicture();
		say(this.problem, m.problem ?? '');
		this.problem.hidden = !m.problem;
		const parts: (Node | null)[] = [this.problem];
		const json = jsonOf(m);
		if (m.image && m.bytes) parts.push(this.showPicture(m));
		else if (m.s === 0) parts.push(this.say('The payload is empty.' + (m.k ? '' : ' With the retain flag, it deletes the retained message of its topic.')));
		else if (json !== undefined || m.as === 'hex' || m.text.length > wrapped) {
			this.code.show((json ?? (m.as === 'hex' ? m.text : m.text.replace(/\r\n/g, '\n'))).split('\n').map((text) => m.as === 'hex' ? { text, label: '' } : { text }), json !== undefined);
			parts.push(this.code.element);
		} else {
			this.text.textContent = shownLines(m.text);
			parts.push(this.text);
		}
		if (this.more && (m.more || m.from)) parts.push(this.partly(m));
		fill(this.element, ...parts);
	}

	clear(text: string): void {
		this.forgetPicture();
		fill(this.element, this.say(text));
	}

	private say(text: string): HTMLElement {
		say(this.note, text);
		return this.note;
	}

	private partly(m: Message): HTMLElement {
		const last = Math.floor(Math.max(0, m.s - 1) / piece);
		this.at = m.from ?? 0;
		this.last = last * piece;
		say(this.part, `Part ${Math.floor(this.at / piece) + 1} of ${last + 1}, from byte ${count(this.at)} of ${bytes(m.s)}`);
		fill(this.further, this.part, this.spring, ...this.turns.map((turn) => (turn.back ? this.at : m.more) ? turn.button : null));
		return this.further;
	}

	private showPicture(m: Message): HTMLElement {
		this.picture = URL.createObjectURL(new Blob([fromBase64(m.bytes!)], { type: m.image! }));
		this.image.src = this.picture;
		return h('div', { class: 'picture', tabindex: 0, role: 'group', 'aria-label': 'Picture' }, this.image);
	}

	private forgetPicture(): void {
		if (this.picture) URL.revokeObjectURL(this.picture);
		this.picture = '';
	}
}
