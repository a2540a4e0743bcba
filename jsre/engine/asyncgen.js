// What esbuild's lowered async generators and `for await` call, with the steps of ECMA-262, 27.6. The body of an
// async generator is a generator that yields `waiting` for each await, and `passing` for each value that yield*
// hands on; the value is in `operand` then. The awaits here are goja's own, which take as many turns as the language says.
(function () {
	'use strict';
	const Promise = (async () => {})().constructor, generatorProto = Object.getPrototypeOf(function* () {}.prototype);
	const call = Function.prototype.call.bind(Function.prototype.call), apply = Reflect.apply;
	const { next: resumeNext, throw: resumeThrow, return: resumeReturn } = generatorProto;
	const waiting = {}, passing = {}, returning = {}; // what a body yields besides values
	const { asyncIterator, iterator } = Symbol;
	let operand;

	function awaited(value) { operand = value; return waiting; }

	// drain answers the requests of a generator, one after the other.
	async function drain(s) {
		s.running = true;
		for (let r; (r = s.first) !== undefined; s.first = r.then) {
			let kind = r.kind, value = r.value, failed = false, done = true;
			if (kind !== 'next' && !s.begun) s.body = undefined;
			s.begun = true;
			if (kind === 'return') {
				try { value = await value; } catch (e) { kind = 'throw'; value = e; }
			}
			if (s.body === undefined) {
				failed = kind === 'throw';
				if (kind === 'next') value = undefined;
			} else for (;;) {
				let x;
				try {
					x = call(kind === 'next' ? resumeNext : kind === 'throw' ? resumeThrow : resumeReturn, s.body, value);
				} catch (e) { failed = true; value = e; break; }
				value = x.value;
				if (x.done) break;
				if (value === returning) { kind = 'return'; value = operand; continue; }
				done = false;
				if (value === passing) { value = operand; break; }
				const yielded = value !== waiting;
				try {
					value = await (yielded ? value : operand);
					if (yielded) break;
					kind = 'next';
				} catch (e) { kind = 'throw'; value = e; }
				done = true;
			}
			if (done) s.body = undefined;
			if (failed) r.reject(value); else r.resolve({ value, done });
		}
		s.last = undefined;
		s.running = false;
	}

	// AsyncGenerator keeps the state of a generator where scripts do not see it.
	class AsyncGenerator {
		#state;
		constructor(body) { this.#state = { body, begun: false, running: false, first: undefined, last: undefined }; }
		next(value) { return AsyncGenerator.#request(this, 'next', value); }
		return(value) { return AsyncGenerator.#request(this, 'return', value); }
		throw(value) { return AsyncGenerator.#request(this, 'throw', value); }

		static #request(generator, kind, value) {
			const r = { kind, value, resolve: undefined, reject: undefined, then: undefined };
			const promise = new Promise((yes, no) => { r.resolve = yes; r.reject = no; });
			if (!isObject(generator) || !(#state in generator)) {
				r.reject(new TypeError(`Method [AsyncGenerator].prototype.${kind} called on incompatible receiver ${show(generator)}`));
				return promise;
			}
			const s = generator.#state;
			if (s.last === undefined) s.first = r; else s.last.then = r;
			s.last = r;
			if (!s.running) drain(s);
			return promise;
		}
	}

	function asyncGenerator(self, args, body) {
		return new AsyncGenerator(args === null ? call(body, self) : apply(body, self, args));
	}

	const show = v => isObject(v) && typeof v === 'object' ? '#<Object>' : String(v);
	const isObject = v => typeof v === 'object' && v !== null || typeof v === 'function';
	function result(v) {
		if (!isObject(v)) throw new TypeError(`Iterator result ${show(v)} is not an object`);
		return v;
	}

	// fromSync makes an async iterator of one that is not.
	function fromSync(it, next) {
		return {
			async next(v) {
				const r = result(call(next, it, v)), done = !!r.done;
				return { value: await r.value, done };
			},
			async return(v) {
				const f = it.return;
				if (f === undefined || f === null) return { value: v, done: true };
				const r = result(call(f, it, v)), done = !!r.done;
				return { value: await r.value, done };
			},
			async throw(v) {
				const f = it.throw;
				if (f === undefined || f === null) throw v;
				const r = result(call(f, it, v)), done = !!r.done;
				return { value: await r.value, done };
			},
		};
	}

	// open gives the async iterator of a value, whose expression has the given text.
	function open(value, text) {
		let f = value[asyncIterator];
		const sync = f === undefined || f === null;
		if (sync) f = value[iterator];
		if (typeof f !== 'function') throw new TypeError(`${text} is not async iterable`);
		const it = call(f, value);
		if (!isObject(it)) throw new TypeError(`Result of the Symbol.${sync ? 'iterator' : 'asyncIterator'} method is not an object`);
		return sync ? fromSync(it, it.next) : it;
	}

	// delegate is what yield* of an async generator goes through. Its methods are called with what the body is
	// resumed with: a request, or the end of an await, which state tells.
	function delegate(value, text) {
		const it = open(value, text), next = it.next;
		let state = '';
		const wait = (what, v) => { state = what; operand = v; return { value: waiting, done: false }; };
		const leave = v => { state = 'leave'; operand = v; return { value: returning, done: false }; };
		const missing = () => { throw new TypeError('The iterator does not provide a \'throw\' method.'); };
		return {
			[iterator]() { return this; },
			next(v) {
				const was = state;
				state = '';
				if (was === '') return wait('next', call(next, it, v));
				if (was === 'left') return leave(v);
				if (result(v) && was === 'closed') missing();
				if (!v.done) { operand = v.value; return { value: passing, done: false }; }
				return was === 'return' ? leave(v.value) : { value: v.value, done: true };
			},
			throw(v) {
				if (state !== '') throw v;
				let f = it.throw;
				if (f !== undefined && f !== null) return wait('next', call(f, it, v));
				f = it.return;
				return f === undefined || f === null ? missing() : wait('closed', call(f, it));
			},
			return(v) {
				if (state === 'leave') return { value: v, done: true };
				const f = it.return;
				return f === undefined || f === null ? wait('left', v) : wait('return', call(f, it, v));
			},
		};
	}

	const hidden = (o, key, value, writable) => Object.defineProperty(o, key, { value, writable, enumerable: false, configurable: true });
	const base = {};
	hidden(base, asyncIterator, { [Symbol.asyncIterator]() { return this; } }[asyncIterator], true);
	const proto = Object.setPrototypeOf(AsyncGenerator.prototype, base), functionProto = Object.create(Function.prototype);
	hidden(proto, 'constructor', functionProto, false);
	hidden(functionProto, 'prototype', proto, false);
	hidden(functionProto, Symbol.toStringTag, 'AsyncGeneratorFunction', false);
	hidden(proto, Symbol.toStringTag, 'AsyncGenerator', false);

	const forAwait = (value, text) => open(value, text);
	forAwait.result = result;
	return { __await: awaited, __asyncGenerator: asyncGenerator, __yieldStar: delegate, __forAwait: forAwait, functionProto };
})
