// Differences of two texts by line, and of two JSON texts by member.
import type { Line } from './code';

const furthest = 1500; // differing lines up to which the shortest way is looked for
const mostLeaves = 10_000; // members up to which JSON is compared by them
const near = 3; // equal lines that are shown around a difference

// byLine returns the lines of both texts: those that were removed, added, and some of those that are equal.
export function byLine(before: string, after: string): { lines: Line[]; added: number; removed: number } {
	const a = before.split('\n'), b = after.split('\n');
	let start = 0, endA = a.length, endB = b.length;
	while (start < endA && start < endB && a[start] === b[start]) start++;
	while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
		endA--;
		endB--;
	}
	const all: Line[] = a.slice(0, start).map((text, i) => ({ text, label: String(i + 1) }));
	const middle = shortest(a.slice(start, endA), b.slice(start, endB));
	let number = start, added = 0, removed = 0;
	for (const line of middle) {
		if (line.kind === 'removed') {
			removed++;
			all.push({ ...line, label: '−' });
			continue;
		}
		number++;
		if (line.kind === 'added') added++;
		all.push({ ...line, label: line.kind === 'added' ? '+' : String(number) });
	}
	for (const text of b.slice(endB)) all.push({ text, label: String(++number) });
	return { lines: shortened(all), added, removed };
}

// shortest finds the fewest lines to remove and add (Myers, 1986); where they are too many, all are replaced.
function shortest(a: string[], b: string[]): Line[] {
	const replaced = (): Line[] => [...a.map((text): Line => ({ text, kind: 'removed' })), ...b.map((text): Line => ({ text, kind: 'added' }))];
	if (!a.length || !b.length) return replaced();
	const max = Math.min(a.length + b.length, furthest);
	const trace: Map<number, number>[] = [];
	let reach = new Map<number, number>([[1, 0]]);
	for (let d = 0; d <= max; d++) {
		const next = new Map<number, number>(reach);
		for (let k = -d; k <= d; k += 2) {
			const down = k === -d || k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1);
			let x = down ? reach.get(k + 1) ?? 0 : (reach.get(k - 1) ?? 0) + 1;
			while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
			next.set(k, x);
			if (x >= a.length && x - k >= b.length) return walk(a, b, [...trace, reach]);
		}
		trace.push(reach);
		reach = next;
	}
	return replaced();
}

// walk goes the way back from the end to the start.
function walk(a: string[], b: string[], trace: Map<number, number>[]): Line[] {
	const lines: Line[] = [];
	let x = a.length, y = b.length;
	for (let d = trace.length - 1; d >= 0; d--) {
		const reach = trace[d]!, k = x - y;
		const down = k === -d || k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1);
		const fromK = down ? k + 1 : k - 1, fromX = reach.get(fromK) ?? 0, fromY = fromX - fromK;
		while (x > fromX && y > fromY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
			lines.push({ text: a[x - 1]! });
			x--;
			y--;
		}
		if (d === 0) break;
		lines.push(down ? { text: b[--y]!, kind: 'added' } : { text: a[--x]!, kind: 'removed' });
	}
	return lines.reverse();
}

// shortened leaves out equal lines that are far from any difference.
function shortened(lines: Line[]): Line[] {
	const keep = new Uint8Array(lines.length);
	lines.forEach((line, i) => {
		if (line.kind) keep.fill(1, Math.max(0, i - near), i + near + 1);
	});
	const result: Line[] = [];
	for (let i = 0; i < lines.length; i++) {
		if (keep[i]) {
			result.push(lines[i]!);
			continue;
		}
		let end = i;
		while (end < lines.length && !keep[end]) end++;
		result.push({ text: end - i === 1 ? '1 equal line' : end - i + ' equal lines', kind: 'gap', label: '' });
		i = end - 1;
	}
	return result;
}

export interface Change {
	path: string;
	before?: string;
	after?: string;
}

// byMember returns the members in which two JSON texts differ, or nothing where one of them is none, or has too many.
export function byMember(before: string, after: string): Change[] | undefined {
	let a: Map<string, string>, b: Map<string, string>;
	try {
		a = leaves(JSON.parse(before));
		b = leaves(JSON.parse(after));
	} catch {
		return undefined;
	}
	const changes: Change[] = [];
	for (const [path, value] of a) {
		const now = b.get(path);
		if (now === undefined) changes.push({ path, before: value });
		else if (now !== value) changes.push({ path, before: value, after: now });
	}
	for (const [path, value] of b) if (!a.has(path)) changes.push({ path, after: value });
	return changes;
}

// leaves lists what has no members, by path. It keeps its own stack: a payload may be nested without end.
function leaves(root: unknown): Map<string, string> {
	const found = new Map<string, string>(), stack: [string, unknown][] = [['', root]];
	while (stack.length) {
		if (found.size === mostLeaves) throw new RangeError('there are too many members');
		const [path, value] = stack.pop()!;
		const members = value !== null && typeof value === 'object' ? Object.entries(value) : [];
		if (!members.length) found.set(path || '(all)', JSON.stringify(value));
		for (const [name, inner] of members.reverse()) {
			const step = Array.isArray(value) ? `[${name}]` : /^[A-Za-z_]\w*$/.test(name) ? '.' + name : `[${JSON.stringify(name)}]`;
			stack.push([path + step, inner]);
		}
	}
	return found;
}
