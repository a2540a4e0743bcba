// What the page and the server say to each other: the types of internal/ui/protocol.

// Ask is what the page asks. Do names one of the operations below, With has its parameters.
export interface Ask {
	id: number;
	do: string;
	with: unknown;
}

// Answer answers an Ask: with a Result of the operation's type, or with an Error of one line for people.
export interface Answer {
	id: number;
	result?: unknown;
	error?: string;
}

// Push is what comes without being asked for. Exactly one of its members is there.
export interface Push {
	hello?: Hello; // the first one, and when something in it changes
	rows?: Rows; // what the tree shows, when it changes: at most ten times a second
	topic?: Topic; // the topic that is looked at, when it changes
	packets?: Packets; // the tail of the packet log that is looked at
	server?: Server; // figures of $SYS, each second at most
	progress?: Progress; // of what takes long: deleting, replaying
}

// Hello says what there is.
export interface Hello {
	version: string; // of dunlin
	readOnly: boolean; // nothing may be published, deleted or changed
	connections: Connection[];
	folder?: string; // where recordings are, empty: none are kept
	formats: string[]; // what Message.As may be, such as text, json, hex, cbor
}

// Connection is one tree: of a broker, of a recording, or of a proxy.
export interface Connection {
	id: number;
	kind: string; // broker, recording, proxy
	name: string;
	url: string; // without user name and password
	state: string; // connecting, connected, waiting, ended
	detail?: string;
	version?: string; // of MQTT
	filters?: Filter[];
	// Recording is the file that messages are written to just now.
	recording?: string;
	messages: number; // received since the start
	bytes: number;
	topics: number;
	rate: number; // messages a second, lately
	forgotten: number;
	faults?: Faults; // of a proxy
	replay?: Replay; // of a recording
}

// Filter is a subscription, and what the server said to it.
export interface Filter {
	filter: string;
	qos: number;
	error?: string;
}

// See (operation "see", answered by nothing) says what the page shows of a connection's tree. It holds until the next one.
// Rows come as pushes.
export interface See {
	connection: number;
	from: number; // the first row that is in sight
	count: number; // how many are, at most 500
	search?: string;
	sort?: string; // name (default), messages, rate, time
}

// Open (operation "open", answered by nothing) opens and closes branches. Without a node it means all.
export interface Open {
	connection: number;
	node?: number;
	open: boolean;
	below?: boolean; // and all branches below
}

// Rows are the rows in sight, or, where the others are as they were before, those from the first to the last that changed. Row i
// is the tree's row From+i. Total is how many the tree has as it is opened.
export interface Rows {
	connection: number;
	total: number;
	from: number;
	rows: Row[];
	search?: string; // that they belong to
	found?: number; // topics that the search found
}

// Row is a level of topics.
export interface Row {
	n: number;
	d?: number;
	l: string; // of the level, shortened to 200 characters
	b?: number; // topics below it
	o?: boolean;
	m: number; // to it and below it
	r?: number; // messages a second, lately, to it and below it
	v?: string; // the last payload, as one line of at most 200 characters; only of a topic
	f?: string; // what Value was read as: text, json, sparkplug, binary, empty...
	t?: number; // of the last message to it or below it
	p?: boolean; // messages came to it
	k?: boolean; // the server keeps a message for it, as far as is known
}

// Look (operation "look", answered by Topic) says which topic the page shows. Node 0: none. The topic comes as a push when it
// changes.
export interface Look {
	connection: number;
	node: number;
}

// Topic is a topic and the latest of its history. In a recording that went back to before its first message it has no path.
export interface Topic {
	connection: number;
	node: number;
	topic: string; // whole
	messages: number;
	bytes: number;
	rate: number;
	retained: boolean;
	first: number; // number of the oldest message that is kept
	last: number; // number of the latest; numbers begin at 1
	forgotten: number; // that were received and are no longer kept
	latest: Entry[]; // of at most 50 messages, the latest first
	path: Step[]; // from the root to it
}

// Step is a level above a topic.
export interface Step {
	n: number;
	l: string;
}

// History (operation "history", answered by []Entry) asks for older entries: Count of them up to number Last.
export interface History {
	connection: number;
	node: number;
	last: number;
	count: number; // at most 500
}

// Entry is a message in a list.
export interface Entry {
	i: number; // within its topic
	t: number;
	q?: number;
	k?: boolean; // the server had kept it, or it was published to be kept
	u?: boolean;
	s: number;
	v?: string; // one line of at most 200 characters
	f?: string;
}

// Read (operation "read", answered by Message) asks for one message.
export interface Read {
	connection: number;
	node: number;
	number: number;
	as?: string; // empty: as what it looks like
	// From is the byte where a piece of text or hex begins. A piece has 65,536 bytes; the next one begins so much further on.
	from?: number;
	// Schema is FILE#TYPE for protobuf, as the command's --decode has it; the file is in the folder of recordings, or named by the command.
	schema?: string;
}

// Message is a message whole, but for a payload that is longer than the page wants at once.
export interface Message extends Entry {
	topic: string;
	as: string; // what the text was read as
	text: string; // of the payload, from byte From on where it is text or hex
	from?: number;
	more?: boolean; // the payload goes on after Text
	image?: string; // the media type, such as image/png, where Bytes are a picture
	bytes?: string; // of a picture
	problem?: string; // why it is not read as asked
	maybe?: string[]; // what the payload can be read as, too, where it is binary and nothing says what it is
	properties?: Property[];
}

// Property is a property of MQTT 5, in the specification's words.
export interface Property {
	name: string;
	value: string;
	clause?: string;
}

// Chart (operation "chart", answered by Series) asks for the numbers of a topic.
export interface Chart {
	connection: number;
	node: number;
	member?: string; // of JSON: .a.b[0], empty: the payload is the number
	since?: number;
	points: number; // at most, least and greatest of each part are kept; at most 5,000
}

// Series are numbers with their times, in order.
export interface Series {
	times: number[];
	values: number[];
	members?: string[]; // of the latest message, that are numbers; at most 200
	skipped?: number; // messages that have no such number
}

// Publish (operation "publish", answered by Published) publishes. In a template, {{.N}}, {{now}} and so on are replaced, as in dunlin pub.
export interface Publish {
	connection: number;
	topic: string;
	payload?: string;
	bytes?: string; // instead of Payload
	qos?: number;
	retain?: boolean;
	properties?: Property[];
	template?: boolean;
	count?: number; // 0 is 1; at most 10,000
	interval?: number; // milliseconds between them
	// Answer waits so many milliseconds for a response (MQTT 5, or with ResponseTopic in any version).
	answer?: number;
	responseTopic?: string;
}

// Published says what became of it.
export interface Published {
	count: number;
	reason?: string; // of the server, such as "No matching subscribers"
	took: number; // milliseconds until it was acknowledged, of the last
	response?: Message;
	node?: number; // of the response's topic
}

// Clear (operation "clear", answered by Plan) plans the deletion of retained messages of a topic and all below it. Nothing is
// deleted before "clearNow" (ClearNow, answered by nothing; Progress is pushed).
export interface Clear {
	connection: number;
	node: number;
}

// Plan is a dry run: what would be deleted.
export interface Plan {
	plan: number;
	count: number;
	topics: string[]; // the first 1,000
}

// ClearNow does what was planned.
export interface ClearNow {
	plan: number;
}

// Progress tells how far something is.
export interface Progress {
	connection: number;
	what: string; // clear, replay, publish
	plan?: number; // that is carried out
	done: number;
	all: number;
	ended?: boolean;
	error?: string;
}

// Connect (operation "connect", answered by Connection) opens another connection, with the command's own options but for what is given.
export interface Connect {
	url: string;
	filters?: Filter[];
	username?: string; // goes to the server and never comes back
	password?: string;
	clientId?: string;
	version?: string; // 3.1, 3.1.1, 5; empty: the best that the server speaks
	replay?: string; // instead of a URL: a recording in the folder
}

// Subscribe (operations "subscribe" and "unsubscribe", answered by Filter) changes what a connection receives.
export interface Subscribe {
	connection: number;
	filter: Filter;
}

// Only (operations "disconnect", "stopPublish", "record", "stopRecording", "files", answered by nothing, nothing, Connection, Connection
// and []File) names a connection.
export interface Only {
	connection: number;
}

// File is a recording in the folder.
export interface File {
	name: string;
	size: number;
	time: number;
}

// Replay is where a recording is, and (operation "replay", answered by nothing) how it goes on.
export interface Replay {
	connection: number;
	at: number; // time in the recording
	from: number;
	to: number;
	speed: number; // 0: it stands still; -1: as fast as it goes
	into?: number; // a connection that gets the messages published, too
	seek?: boolean; // in the operation: go to At
	loaded?: number; // messages so far
}

// Server are figures of a broker by its $SYS topics.
export interface Server {
	connection: number;
	product?: string; // as it names itself
	tiles: Tile[];
}

// Tile is a figure with its past.
export interface Tile {
	name: string; // clients connected, messages received a second...
	value: string;
	unit?: string;
	topic: string; // where it comes from
	times?: number[];
	values?: number[]; // at most 300
}

// Watch (operation "watch", answered by Packets) says whose packets the page shows: those of a connection of our own, or of the
// devices of a proxy.
export interface Watch {
	connection: number; // 0: none
	device?: number;
	type?: string; // only these, such as PUBLISH; several with commas
	text?: string; // in the summary
	last?: number; // up to this number; 0: the latest, which are pushed as they come
	count: number; // at most 500
}

// Packets is a part of a packet log.
export interface Packets {
	connection: number;
	devices?: Device[]; // of a proxy
	first: number; // number of the oldest that is kept
	last: number;
	packets: Packet[]; // the latest last
	ends?: End[];
}

// Device is a client of a proxy.
export interface Device {
	id: number;
	clientId: string;
	address: string;
	since: number;
	ended?: number;
	why?: string;
}

// Packet is a line of the log.
export interface Packet {
	i: number;
	t: number; // microseconds since 1970
	s?: boolean; // by the client
	y: string; // PUBLISH, and so on; or an event in small letters: opened, closed
	m: string; // one line
	z: number; // bytes of the whole packet
	e?: string; // what is wrong with it, by the specification
	dv?: number; // of a proxy
}

// End is why a connection ended, for people.
export interface End {
	i: number; // of the packet or event in the log
	t: number;
	who: string; // client, server, network, unknown, proxy (as it was asked for)
	why: string; // one or two sentences
	hint: string; // what to do
	clause?: string;
	of?: number[]; // packets that show it
	facts?: string[];
}

// Dissect (operation "dissect", answered by Dissected) asks for a packet field by field.
export interface Dissect {
	connection: number;
	number: number;
}

// Dissected is a packet field by field.
export interface Dissected extends Packet {
	fields: Field[];
	bytes: string; // the first 4,096
}

// Field is a part of a packet.
export interface Field {
	name: string; // in the specification's words
	value: string;
	note?: string; // what the value means
	clause?: string; // such as 3.3.1.2, or MQTT-3.3.1-4
	fault?: string; // what is wrong with it
	depth?: number;
	from: number; // byte in the packet
	length: number;
}

// Faults (operation "faults", answered by nothing) are what a proxy does to the packets that go through it. Zero is nothing.
export interface Faults {
	connection: number;
	delay?: number; // milliseconds, each way
	jitter?: number; // up to so many more
	drop?: number; // percent of packets that are swallowed
	types?: string; // only packets of these types; several with commas
	way?: string; // up (to the server), down; empty: both
	cut?: boolean; // in the operation: end the connections now
	refuse?: boolean; // take no new connections
	stall?: boolean; // take bytes and pass none on
	device?: number; // of this device alone
}
