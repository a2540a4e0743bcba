// What the parts of the page know of each other.
import type { Connection, Hello, Packets, Progress, Push } from './protocol';

export type Tab = 'topics' | 'topic' | 'publish' | 'packets' | 'broker' | 'faults';

// Draft is a message to put into the publish form.
export interface Draft {
	topic?: string;
	payload?: string;
	qos?: number;
	retain?: boolean;
}

export interface App {
	readonly hello: Hello;
	// connection is the one that the page is about just now.
	readonly connection: Connection | undefined;
	// ask asks the server. An error is shown to the person, unless the part that asks does so, and the promise is rejected with it.
	ask<T>(what: string, parameters?: object): Promise<T>;
	// tell shows a line of text for a while.
	tell(text: string, bad?: boolean): void;
	look(connection: number, node: number): void;
	// isNarrow reports whether the tree is a view of its own, which a topic that is looked at takes away.
	isNarrow(): boolean;
	show(tab: Tab): void;
	draft(draft: Draft): void;
	// connect asks for another connection, as one was that has ended.
	connect(as?: Connection): void;
	clear(connection: number, node: number, topic: string): void;
	copy(text: string, what: string): void;
}

// Part is a part of the page that wants to know what comes from the server.
export interface Part {
	readonly element: HTMLElement;
	// update is called when something in Hello, or the connection that the page is about, has changed.
	update?(): void;
	// visible is called when the part is shown, and when it no longer is.
	visible?(on: boolean): void;
	packets?(packets: Packets): void;
	server?(server: NonNullable<Push['server']>): void;
	progress?(progress: Progress): void;
}

// kept is what the page remembers in this browser, as long as the browser lets it.
export const kept = {
	read<T>(name: string, otherwise: T): T {
		try {
			const text = localStorage.getItem('dunlin.' + name);
			return text === null ? otherwise : JSON.parse(text) as T;
		} catch {
			return otherwise;
		}
	},
	write(name: string, value: unknown): void {
		try {
			localStorage.setItem('dunlin.' + name, JSON.stringify(value));
		} catch {
			// Without it, the page forgets when it is closed.
		}
	},
};
