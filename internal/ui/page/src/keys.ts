// The keys that work everywhere in the page.
export interface Keys {
	on: () => boolean; // whether single letters and signs are keys
	search: () => void;
	tree: () => void;
	help: () => void;
	pause: () => void;
	turn: (by: number) => void;
	tab: (number: number) => void;
}

// listen has keys do what they are for. escape is called where Escape closes nothing.
export function listen(keys: Keys, escape: () => void): void {
	document.addEventListener('keydown', (e) => {
		if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
		const target = e.target as Element;
		if (target.closest('input:not([type=range], [type=checkbox]), textarea, select')) return;
		if (e.key === 'Escape') escape();
		if (!keys.on()) return;
		const does: Record<string, () => void> = { '/': keys.search, t: keys.tree, '?': keys.help, '.': keys.pause, '[': () => keys.turn(-1), ']': () => keys.turn(1) };
		if (/^[1-5]$/.test(e.key)) keys.tab(Number(e.key));
		else if (does[e.key]) does[e.key]!();
		else return;
		e.preventDefault();
	});
}
