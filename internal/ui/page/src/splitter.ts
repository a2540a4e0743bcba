// A bar between two parts of the page that is dragged, or moved by the arrow keys, to make one of them larger.
import { kept } from './app';
import { h, set } from './dom';

export class Splitter {
	readonly element: HTMLElement;
	private percent: number;

	// The size of the part behind the bar, or for x before it, is the variable --NAME of box, in percent.
	constructor(private readonly box: HTMLElement, private readonly name: string, label: string, private readonly axis: 'x' | 'y') {
		this.percent = kept.read('split.' + name, axis === 'x' ? 38 : 40);
		this.element = h('div', {
			class: 'splitter ' + axis, role: 'separator', tabindex: 0, 'aria-label': label, 'aria-orientation': axis === 'x' ? 'vertical' : 'horizontal', 'aria-valuemin': 10, 'aria-valuemax': 85,
			onpointerdown: (e: PointerEvent) => { this.element.setPointerCapture(e.pointerId); e.preventDefault(); },
			onpointermove: (e: PointerEvent) => { if (this.element.hasPointerCapture(e.pointerId)) this.drag(e); },
			onkeydown: (e: KeyboardEvent) => this.key(e),
		});
		this.move(this.percent);
	}

	private drag(e: PointerEvent): void {
		const r = this.box.getBoundingClientRect();
		this.move(this.axis === 'x' ? 100 * (e.clientX - r.left) / r.width : 100 * (r.bottom - e.clientY) / r.height);
	}

	private key(e: KeyboardEvent): void {
		const steps: Record<string, number> = this.axis === 'x' ? { ArrowLeft: -2, ArrowRight: 2 } : { ArrowUp: 2, ArrowDown: -2 };
		if (!(e.key in steps)) return;
		this.move(this.percent + steps[e.key]!);
		e.preventDefault();
	}

	private move(percent: number): void {
		this.percent = Math.round(Math.max(10, Math.min(85, percent)) * 10) / 10;
		this.box.style.setProperty('--' + this.name, this.percent + '%');
		set(this.element, 'aria-valuenow', Math.round(this.percent));
		kept.write('split.' + this.name, this.percent);
	}
}
