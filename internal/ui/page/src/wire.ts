// The WebSocket to the server: asks with their answers, pushes, and a new connection when it is lost.
import { shown } from './format';
import type { Answer, Push } from './protocol';

const tryAgainLater = 1013; // of the codes with which a WebSocket ends

interface Waiting {
	resolve: (result: never) => void;
	reject: (error: Error) => void;
}

export interface Handlers {
	push: (push: Push) => void;
	state: (up: boolean, why: string) => void;
}

export class Wire {
	private socket?: WebSocket;
	private next = 1;
	private waiting = new Map<number, Waiting>();
	private attempts = 0;
	private up = false;
	private everUp = false;

	constructor(private readonly token: string, private readonly handlers: Handlers) {}

	open(): void {
		const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
		const socket = new WebSocket(scheme + location.host + '/socket', ['dunlin', 'token.' + this.token]);
		this.socket = socket;
		socket.onmessage = (event) => this.receive(JSON.parse(event.data as string) as Push & Partial<Answer>);
		socket.onclose = (event) => this.lost(event);
	}

	// ask asks the server, and gives what it answers. It fails with what the server says, or when the connection is lost.
	ask<T>(what: string, parameters: object = {}): Promise<T> {
		return new Promise((resolve, reject) => {
			if (this.socket?.readyState !== WebSocket.OPEN) {
				reject(new Error('The page has no connection to dunlin ui just now.'));
				return;
			}
			const id = this.next++;
			this.waiting.set(id, { resolve, reject });
			this.socket.send(JSON.stringify({ id, do: what, with: parameters }));
		});
	}

	private receive(text: Push & Partial<Answer>): void {
		if (!this.up) { // a server that has no place for another page lets it in, and says so
			this.up = this.everUp = true;
			this.attempts = 0;
			this.handlers.state(true, '');
		}
		if (text.id === undefined) {
			this.handlers.push(text);
			return;
		}
		const waiting = this.waiting.get(text.id);
		this.waiting.delete(text.id);
		if (text.error) waiting?.reject(new Error(text.error));
		else waiting?.resolve(text.result as never);
	}

	private lost(event: CloseEvent): void {
		this.up = false;
		this.handlers.state(false, event.code === tryAgainLater ? `dunlin ui does not let this page in: ${shown(event.reason)}. The page tries again by itself.` : this.everUp
			? 'dunlin ui does not answer: it has ended, or the way to it is cut. The page tries again by itself; if dunlin ui was started anew, open the address that it printed then.'
			: 'dunlin ui does not let this page in. Open the address that it printed last: the token in it is another one after each start.');
		for (const waiting of this.waiting.values()) waiting.reject(new Error('The connection to dunlin ui was lost before it answered.'));
		this.waiting.clear();
		setTimeout(() => this.open(), Math.min(250 * 2 ** this.attempts++, 5000));
	}
}
