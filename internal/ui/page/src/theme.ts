// The switch between light, dark, and what the system says.
import { kept } from './app';
import { button, set } from './dom';

const names = ['auto', 'light', 'dark'];

export class Theme {
	readonly element: HTMLButtonElement;
	private theme = kept.read('theme', 'auto');

	constructor() {
		this.element = button({ icon: 'theme', title: '', press: () => this.turn() });
		this.show();
	}

	private turn(): void {
		this.theme = names[(names.indexOf(this.theme) + 1) % names.length]!;
		kept.write('theme', this.theme);
		this.show();
		dispatchEvent(new Event('themechange'));
	}

	private show(): void {
		document.documentElement.dataset.theme = this.theme;
		const title = `Colors: ${this.theme === 'auto' ? 'as the system has them' : this.theme}`;
		set(this.element, 'title', title);
		set(this.element, 'aria-label', title);
	}
}
