'use strict';
// Draws the charts from the data in the page. Nothing of the data becomes HTML: uPlot sets texts, and the canvas has no markup.
(function () {
	const data = JSON.parse(document.getElementById('data').textContent);
	const root = document.documentElement;
	const paperWidth = 680; // of the print area of A4 and Letter with usual margins
	const colors = ['--one', '--two', '--three', '--four', '--five', '--six'];
	let drawn = [];

	function color(name) { return getComputedStyle(root).getPropertyValue(name).trim(); }

	function digits(v) { return String(Number(v.toPrecision(3))); }

	// A latency in milliseconds, with the unit that fits.
	function latency(v) {
		if (v == null) return '–';
		if (v < 0.9999) return digits(v * 1000) + ' µs';
		return v < 999.9 ? digits(v) + ' ms' : digits(v / 1000) + ' s';
	}

	function count(v) { return v == null ? '–' : v.toLocaleString('en', { maximumFractionDigits: 1 }); }

	// A count for an axis, which has little room.
	function short(v) {
		if (v == null) return '';
		if (v >= 1e6) return digits(v / 1e6) + 'M';
		return v >= 1e4 ? digits(v / 1e3) + 'k' : digits(v);
	}

	// Seconds since the start as 1:05 or 1:00:05.
	function elapsed(v) {
		const two = (n) => String(n).padStart(2, '0');
		const s = Math.floor(v % 60), m = Math.floor(v / 60) % 60, h = Math.floor(v / 3600);
		return h > 0 ? h + ':' + two(m) + ':' + two(s) : m + ':' + two(s);
	}

	function moment(v) {
		return v == null ? '–' : elapsed(v) + ' (' + new Date((data.start + v) * 1000).toISOString().slice(11, 19) + ' UTC)';
	}

	function percent(rank) { return rank == null ? '–' : Number((100 * (1 - 1 / rank)).toPrecision(7)) + ' %'; }

	// Whole powers of ten around the data.
	function decades(u, low, high) {
		if (low == null) return [1, 10];
		const from = Math.floor(Math.log10(low) + 1e-9), to = Math.ceil(Math.log10(high) - 1e-9);
		return [10 ** from, 10 ** Math.max(to, from + 1)];
	}

	function ahead(u, low, high) { return low == null ? [0, 1] : [low, Math.max(high, low + 1)]; }

	// Of the lines that a logarithmic axis could have, those at whole powers of ten.
	function powers(u, splits) { return splits.map((v) => v > 0 && Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-6 ? v : null); }

	function fromZero(u, low, high) { return [0, high > 0 ? high * 1.08 : 1]; }

	function axis(values, options) {
		return Object.assign({
			stroke: color('--soft'), font: '12px system-ui, sans-serif', size: 58, values: (u, splits) => splits.map((v) => v == null ? '' : values(v)),
			grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line'), width: 1, size: 4 },
		}, options);
	}

	function logAxis(values, options) {
		const a = axis(values, options);
		a.grid.filter = a.ticks.filter = powers;
		return a;
	}

	// A line, and points where a value has no neighbors that a line could go to.
	function line(label, name, value, options) {
		const lonely = (u, i) => u.data[i].map((v, k, row) => v != null && row[k - 1] == null && row[k + 1] == null ? k : -1).filter((k) => k >= 0);
		return Object.assign({
			label: label, stroke: color(name), width: 1.5, value: (u, v) => value(v), points: { show: true, size: 5, fill: color(name), filter: lonely },
		}, options);
	}

	const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
	const time = {
		label: 'time', value: (u, v) => moment(v),
	};
	function timeAxis() { return axis(elapsed, { size: 30, space: 60, incrs: steps }); }
	function overTime(series, scales, axes, hooks) {
		return {
			series: [time].concat(series), axes: [timeAxis()].concat(axes), hooks: hooks || {},
			scales: Object.assign({ x: { time: false, range: ahead } }, scales),
			cursor: { sync: { key: 'time' }, drag: { x: true, y: false } },
		};
	}

	// Marks the points of time at which connections were lost, dropped or refused.
	function troubles(u) {
		const height = 7 * uPlot.pxRatio, half = 4 * uPlot.pxRatio, bottom = u.bbox.top + u.bbox.height;
		u.ctx.save();
		u.ctx.fillStyle = color('--bad');
		data.time.forEach((at, i) => {
			if (!(data.lost[i] || data.dropped[i] || data.refused[i])) return;
			const x = u.valToPos(at, 'x', true);
			if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
			u.ctx.beginPath();
			u.ctx.moveTo(x - half, bottom);
			u.ctx.lineTo(x + half, bottom);
			u.ctx.lineTo(x, bottom - height);
			u.ctx.fill();
		});
		u.ctx.restore();
	}

	function latencyChart() {
		const options = overTime(
			[line('p50', '--one', latency), line('p99', '--two', latency), line('max', '--four', latency)],
			{ y: { distr: 3, range: decades } }, [logAxis(latency)], { draw: [troubles] });
		return [options, [data.time, data.p50, data.p99, data.max]];
	}

	function rateChart() {
		const lines = [];
		const rows = [data.time];
		const add = (label, name, row, options) => {
			if (!row.some((v) => v > 0)) return;
			lines.push(line(label, name, count, options));
			rows.push(row);
		};
		add('due', '--soft', data.due, { dash: [6, 4], width: 2.5 });
		add('published', '--one', data.published);
		add('acknowledged', '--three', data.acknowledged);
		add('received', '--two', data.received);
		return [overTime(lines, { y: { range: fromZero } }, [axis(short)]), rows];
	}

	function connectionChart() {
		const lines = [line('online', '--one', count, { paths: uPlot.paths.stepped({ align: 1 }), fill: color('--one') + '22' })];
		const rows = [data.time, data.online];
		const add = (label, name, row) => {
			if (!row.some((v) => v > 0)) return;
			lines.push(line(label, name, count, { scale: 'events', paths: () => null, points: { show: true, size: 6, fill: color(name) } }));
			rows.push(row.map((v) => v > 0 ? v : null)); // a logarithm has no zero
		};
		add('connected', '--three', data.connected);
		add('dropped', '--four', data.dropped);
		add('lost', '--bad', data.lost);
		add('refused', '--six', data.refused);
		const axes = [axis(short)];
		const scales = { y: { range: fromZero } };
		if (lines.length > 1) {
			axes.push(axis(short, { scale: 'events', side: 1, size: 46, grid: { show: false } }));
			scales.events = { distr: 3, range: (u, low, high) => [0.5, decades(u, 1, high == null ? 1 : high * 1.3)[1]] };
		}
		return [overTime(lines, scales, axes), rows];
	}

	function histogramChart() {
		const used = data.edges.map((edge, i) => data.bars.some((row) => row[i] > 0) ? i : -1).filter((i) => i >= 0);
		const from = Math.max(used[0] - 1, 0), to = used[used.length - 1] + 2; // with an empty bar at each end, so that lines go up and down
		const lines = data.names.map((name, i) => line(name, colors[i % colors.length], count, {
			paths: uPlot.paths.stepped({ align: 1 }), fill: color(colors[i % colors.length]) + '33', points: { show: false },
		}));
		return [{
			series: [{ label: 'from', value: (u, v) => latency(v) }].concat(lines),
			scales: { x: { time: false, distr: 3, range: decades }, y: { distr: 3, range: (u, low, high) => [0.5, decades(u, 1, Math.max(high, 1))[1]] } },
			axes: [logAxis(latency, { size: 30, space: 50 }), logAxis(short)],
		}, [data.edges.slice(from, to)].concat(data.bars.map((row) => row.slice(from, to)))];
	}

	function percentileChart() {
		const lines = data.names.map((name, i) => line(name, colors[i % colors.length], latency, { points: { show: false } }));
		return [{
			series: [{ label: 'percentile', value: (u, v) => percent(v) }].concat(lines),
			scales: { x: { time: false, distr: 3, range: decades }, y: { distr: 3, range: decades } },
			axes: [logAxis(percent, { size: 30, space: 50 }), logAxis(latency)],
		}, [data.ranks].concat(data.curves)];
	}

	const charts = [['over-time', latencyChart], ['rates', rateChart], ['connections', connectionChart], ['histogram', histogramChart], ['percentiles', percentileChart]];

	function width(place) { return root.classList.contains('paper') ? paperWidth : Math.max(place.clientWidth, 240); }

	// Draws all anew: colors are taken from the style at that moment.
	function draw() {
		for (const u of drawn) u.destroy();
		drawn = [];
		for (const [id, make] of charts) {
			const place = document.querySelector('#' + id + ' .chart');
			if (!place) continue;
			const [options, rows] = make();
			drawn.push(new uPlot(Object.assign({ width: width(place), height: 260, pxAlign: 0 }, options), rows, place));
		}
	}

	// On paper the charts have its width, and light colors.
	function paper(on) {
		root.classList.toggle('paper', on);
		draw();
	}

	draw();
	let size = root.clientWidth;
	addEventListener('resize', () => {
		if (root.clientWidth === size) return;
		size = root.clientWidth;
		for (const u of drawn) u.setSize({ width: width(u.root.parentNode), height: 260 });
	});
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
	addEventListener('beforeprint', () => paper(true));
	addEventListener('afterprint', () => paper(false));
	matchMedia('print').addEventListener('change', (e) => paper(e.matches));
})();
