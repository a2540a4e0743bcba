// Charts over time: uPlot with the page's colors.
import { digits } from './format';

// color resolves a color of the style as it is just now: the canvas knows no variables.
export function color(name: string): string {
	const probe = document.createElement('span');
	probe.style.color = `var(${name})`;
	probe.hidden = true;
	document.body.append(probe);
	const found = getComputedStyle(probe).color;
	probe.remove();
	return found;
}

// moments are how times are written at an axis, by the seconds between two of them (uPlot's own way to say it), with the date in a second line.
const day = '\n{YYYY}-{MM}-{DD}';
const moments = [
	[31536000, '{YYYY}', null, null, null, null, null, null, 1], [2419200, '{YYYY}-{MM}', null, null, null, null, null, null, 1], [86400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
	[60, '{HH}:{mm}', day, null, day, null, null, null, 1], [1, '{HH}:{mm}:{ss}', day, null, day, null, null, null, 1], [0.001, '{HH}:{mm}:{ss}.{fff}', day, null, day, null, null, null, 1],
];

export class Plot {
	private drawn?: uPlot;
	private data: [number[], (number | null)[]] = [[], []];
	private label = '';
	private sized = '';

	constructor(private readonly place: HTMLElement) {
		new ResizeObserver(() => this.fit()).observe(place);
		matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
		addEventListener('themechange', () => this.redraw());
	}

	// show draws values at times in milliseconds.
	show(label: string, times: number[], values: (number | null)[]): void {
		this.data = [times.map((t) => t / 1000), values];
		if (this.drawn && this.label === label) {
			this.drawn.setData(this.data);
			return;
		}
		this.label = label;
		this.redraw();
	}

	redraw(): void {
		this.drawn?.destroy();
		this.drawn = undefined;
		const width = this.place.clientWidth, height = this.place.clientHeight;
		if (width < 40 || height < 40 || !this.label) return;
		this.sized = width + 'x' + height;
		const axis = { values: moments, stroke: color('--soft'), font: '11px system-ui, sans-serif', grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line'), width: 1, size: 4 } };
		this.drawn = new uPlot({
			...this.size(width, height), pxAlign: 0, padding: [10, 32, 0, 0], // labels at the end of the axis need some room
			scales: { y: { range: (_: uPlot, low: number | null, high: number | null) => room(low, high) } },
			series: [{ label: 'time', value: '{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}.{fff}' }, {
				label: this.label, stroke: color('--one'), width: 1.5, fill: color('--one-soft'), points: { size: 4, fill: color('--one') },
				value: (_: uPlot, v: number | null) => v === null || v === undefined ? '–' : String(v),
			}],
			axes: [{ ...axis, space: (_: uPlot, __: number, low: number, high: number) => high - low < 10 ? 90 : 60 }, { ...axis, size: 60, values: (_: uPlot, splits: number[]) => splits.map((v) => digits(v)) }],
		}, this.data, this.place);
	}

	private size(width: number, height: number): { width: number; height: number } {
		return { width, height: Math.max(60, height - 30) }; // the legend is below
	}

	private fit(): void {
		const width = this.place.clientWidth, height = this.place.clientHeight;
		if (this.sized === width + 'x' + height) return;
		this.sized = width + 'x' + height;
		if (this.drawn && width >= 40 && height >= 40) this.drawn.setSize(this.size(width, height));
		else this.redraw();
	}
}

// room leaves some space above and below a line, also where it is level.
function room(low: number | null, high: number | null): [number, number] {
	if (low === null || high === null) return [0, 1];
	const space = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
	return [low >= 0 && low - space < 0 ? 0 : low - space, high + space];
}

// sparkline draws values as a small line without axes.
export function sparkline(svg: SVGSVGElement, values: number[]): void {
	const line = svg.querySelector('polyline')!;
	const low = Math.min(...values), high = Math.max(...values), height = high - low || 1;
	const points = values.map((v, i) => `${(100 * i / Math.max(1, values.length - 1)).toFixed(1)},${(high === low ? 14 : 26 - 24 * (v - low) / height).toFixed(1)}`);
	line.setAttribute('points', points.join(' '));
}
