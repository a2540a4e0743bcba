// What the page uses of uPlot.
declare class uPlot {
	constructor(options: object, data: (number | null)[][], place: HTMLElement);
	readonly root: HTMLElement;
	setData(data: (number | null)[][], reset?: boolean): void;
	setSize(size: { width: number; height: number }): void;
	destroy(): void;
}
