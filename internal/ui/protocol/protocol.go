// Package protocol is what the page and the server of `dunlin ui` say to each other: JSON texts over one WebSocket.
//
// The page asks (Ask) and gets one Answer with the same ID for each; what changes by itself comes as a Push. Times are milliseconds
// since 1970 in UTC, and 0 where there is none. Bytes are base64, as encoding/json writes them. A topic is named by its node: a
// number that the connection gave it, because a topic can have 65,535 bytes.
package protocol

import "encoding/json"

// Ask is what the page asks. Do names one of the operations below, With has its parameters.
type Ask struct {
	ID   int             `json:"id"`
	Do   string          `json:"do"`
	With json.RawMessage `json:"with"`
}

// Answer answers an Ask: with a Result of the operation's type, or with an Error of one line for people.
type Answer struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Push is what comes without being asked for. Exactly one of its members is there.
type Push struct {
	Hello    *Hello    `json:"hello,omitempty"`    // the first one, and when something in it changes
	Rows     *Rows     `json:"rows,omitempty"`     // what the tree shows, when it changes: at most ten times a second
	Topic    *Topic    `json:"topic,omitempty"`    // the topic that is looked at, when it changes
	Packets  *Packets  `json:"packets,omitempty"`  // the tail of the packet log that is looked at
	Server   *Server   `json:"server,omitempty"`   // figures of $SYS, each second at most
	Progress *Progress `json:"progress,omitempty"` // of what takes long: deleting, replaying
}

// Hello says what there is.
type Hello struct {
	Version     string       `json:"version"`  // of dunlin
	ReadOnly    bool         `json:"readOnly"` // nothing may be published, deleted or changed
	Connections []Connection `json:"connections"`
	Folder      string       `json:"folder,omitempty"` // where recordings are, empty: none are kept
	Formats     []string     `json:"formats"`          // what Message.As may be, such as text, json, hex, cbor
}

// Connection is one tree: of a broker, of a recording, or of a proxy.
type Connection struct {
	ID      int      `json:"id"`
	Kind    string   `json:"kind"` // broker, recording, proxy
	Name    string   `json:"name"`
	URL     string   `json:"url"`   // without user name and password
	State   string   `json:"state"` // connecting, connected, waiting, ended
	Detail  string   `json:"detail,omitempty"`
	Version string   `json:"version,omitempty"` // of MQTT
	Filters []Filter `json:"filters,omitempty"`
	// Recording is the file that messages are written to just now.
	Recording string  `json:"recording,omitempty"`
	Messages  int64   `json:"messages"` // received since the start
	Bytes     int64   `json:"bytes"`
	Topics    int     `json:"topics"`
	Rate      float64 `json:"rate"` // messages a second, lately
	Forgotten int64   `json:"forgotten"`
	Faults    *Faults `json:"faults,omitempty"` // of a proxy
	Replay    *Replay `json:"replay,omitempty"` // of a recording
}

// Filter is a subscription, and what the server said to it.
type Filter struct {
	Filter string `json:"filter"`
	QoS    int    `json:"qos"`
	Error  string `json:"error,omitempty"`
}

// See (operation "see", answered by nothing) says what the page shows of a connection's tree. It holds until the next one.
// Rows come as pushes.
type See struct {
	Connection int    `json:"connection"`
	From       int    `json:"from"`  // the first row that is in sight
	Count      int    `json:"count"` // how many are, at most 500
	Search     string `json:"search,omitempty"`
	Sort       string `json:"sort,omitempty"` // name (default), messages, rate, time
}

// Open (operation "open", answered by nothing) opens and closes branches. Without a node it means all.
type Open struct {
	Connection int  `json:"connection"`
	Node       int  `json:"node,omitempty"`
	Open       bool `json:"open"`
	Below      bool `json:"below,omitempty"` // and all branches below
}

// Rows are the rows in sight, or, where the others are as they were before, those from the first to the last that changed. Row i
// is the tree's row From+i. Total is how many the tree has as it is opened.
type Rows struct {
	Connection int    `json:"connection"`
	Total      int    `json:"total"`
	From       int    `json:"from"`
	Rows       []Row  `json:"rows"`
	Search     string `json:"search,omitempty"` // that they belong to
	Found      int    `json:"found,omitempty"`  // topics that the search found
}

// Row is a level of topics.
type Row struct {
	Node     int     `json:"n"`
	Depth    int     `json:"d,omitempty"`
	Name     string  `json:"l"`           // of the level, shortened to 200 characters
	Below    int     `json:"b,omitempty"` // topics below it
	Open     bool    `json:"o,omitempty"`
	Messages int64   `json:"m"`           // to it and below it
	Rate     float64 `json:"r,omitempty"` // messages a second, lately, to it and below it
	Value    string  `json:"v,omitempty"` // the last payload, as one line of at most 200 characters; only of a topic
	Form     string  `json:"f,omitempty"` // what Value was read as: text, json, sparkplug, binary, empty...
	Time     int64   `json:"t,omitempty"` // of the last message to it or below it
	Topic    bool    `json:"p,omitempty"` // messages came to it
	Retained bool    `json:"k,omitempty"` // the server keeps a message for it, as far as is known
}

// Look (operation "look", answered by Topic) says which topic the page shows. Node 0: none. The topic comes as a push when it
// changes.
type Look struct {
	Connection int `json:"connection"`
	Node       int `json:"node"`
}

// Topic is a topic and the latest of its history. In a recording that went back to before its first message it has no path.
type Topic struct {
	Connection int     `json:"connection"`
	Node       int     `json:"node"`
	Topic      string  `json:"topic"` // whole
	Messages   int64   `json:"messages"`
	Bytes      int64   `json:"bytes"`
	Rate       float64 `json:"rate"`
	Retained   bool    `json:"retained"`
	First      int64   `json:"first"`     // number of the oldest message that is kept
	Last       int64   `json:"last"`      // number of the latest; numbers begin at 1
	Forgotten  int64   `json:"forgotten"` // that were received and are no longer kept
	Latest     []Entry `json:"latest"`    // of at most 50 messages, the latest first
	Path       []Step  `json:"path"`      // from the root to it
}

// Step is a level above a topic.
type Step struct {
	Node int    `json:"n"`
	Name string `json:"l"`
}

// History (operation "history", answered by []Entry) asks for older entries: Count of them up to number Last.
type History struct {
	Connection int   `json:"connection"`
	Node       int   `json:"node"`
	Last       int64 `json:"last"`
	Count      int   `json:"count"` // at most 500
}

// Entry is a message in a list.
type Entry struct {
	Number   int64  `json:"i"` // within its topic
	Time     int64  `json:"t"`
	QoS      int    `json:"q,omitempty"`
	Retained bool   `json:"k,omitempty"` // the server had kept it, or it was published to be kept
	Dup      bool   `json:"u,omitempty"`
	Size     int    `json:"s"`
	Value    string `json:"v,omitempty"` // one line of at most 200 characters
	Form     string `json:"f,omitempty"`
}

// Read (operation "read", answered by Message) asks for one message.
type Read struct {
	Connection int    `json:"connection"`
	Node       int    `json:"node"`
	Number     int64  `json:"number"`
	As         string `json:"as,omitempty"` // empty: as what it looks like
	// From is the byte where a piece of text or hex begins. A piece has 65,536 bytes; the next one begins so much further on.
	From int `json:"from,omitempty"`
	// Schema is FILE#TYPE for protobuf, as the command's --decode has it; the file is in the folder of recordings, or named by the command.
	Schema string `json:"schema,omitempty"`
}

// Message is a message whole, but for a payload that is longer than the page wants at once.
type Message struct {
	Entry
	Topic      string     `json:"topic"`
	As         string     `json:"as"`   // what the text was read as
	Text       string     `json:"text"` // of the payload, from byte From on where it is text or hex
	From       int        `json:"from,omitempty"`
	More       bool       `json:"more,omitempty"`    // the payload goes on after Text
	Image      string     `json:"image,omitempty"`   // the media type, such as image/png, where Bytes are a picture
	Bytes      []byte     `json:"bytes,omitempty"`   // of a picture
	Problem    string     `json:"problem,omitempty"` // why it is not read as asked
	Maybe      []string   `json:"maybe,omitempty"`   // what the payload can be read as, too, where it is binary and nothing says what it is
	Properties []Property `json:"properties,omitempty"`
}

// Property is a property of MQTT 5, in the specification's words.
type Property struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Clause string `json:"clause,omitempty"`
}

// Chart (operation "chart", answered by Series) asks for the numbers of a topic.
type Chart struct {
	Connection int    `json:"connection"`
	Node       int    `json:"node"`
	Member     string `json:"member,omitempty"` // of JSON: .a.b[0], empty: the payload is the number
	Since      int64  `json:"since,omitempty"`
	Points     int    `json:"points"` // at most, least and greatest of each part are kept; at most 5,000
}

// Series are numbers with their times, in order.
type Series struct {
	Times   []int64   `json:"times"`
	Values  []float64 `json:"values"`
	Members []string  `json:"members,omitempty"` // of the latest message, that are numbers; at most 200
	Skipped int       `json:"skipped,omitempty"` // messages that have no such number
}

// Publish (operation "publish", answered by Published) publishes. In a template, {{.N}}, {{now}} and so on are replaced, as in dunlin pub.
type Publish struct {
	Connection int        `json:"connection"`
	Topic      string     `json:"topic"`
	Payload    string     `json:"payload,omitempty"`
	Bytes      []byte     `json:"bytes,omitempty"` // instead of Payload
	QoS        int        `json:"qos,omitempty"`
	Retain     bool       `json:"retain,omitempty"`
	Properties []Property `json:"properties,omitempty"`
	Template   bool       `json:"template,omitempty"`
	Count      int        `json:"count,omitempty"`    // 0 is 1; at most 10,000
	Interval   int        `json:"interval,omitempty"` // milliseconds between them
	// Answer waits so many milliseconds for a response (MQTT 5, or with ResponseTopic in any version).
	Answer        int    `json:"answer,omitempty"`
	ResponseTopic string `json:"responseTopic,omitempty"`
}

// Published says what became of it.
type Published struct {
	Count    int      `json:"count"`
	Reason   string   `json:"reason,omitempty"` // of the server, such as "No matching subscribers"
	Took     float64  `json:"took"`             // milliseconds until it was acknowledged, of the last
	Response *Message `json:"response,omitempty"`
	Node     int      `json:"node,omitempty"` // of the response's topic
}

// Clear (operation "clear", answered by Plan) plans the deletion of retained messages of a topic and all below it. Nothing is
// deleted before "clearNow" (ClearNow, answered by nothing; Progress is pushed).
type Clear struct {
	Connection int `json:"connection"`
	Node       int `json:"node"`
}

// Plan is a dry run: what would be deleted.
type Plan struct {
	Plan   int      `json:"plan"`
	Count  int      `json:"count"`
	Topics []string `json:"topics"` // the first 1,000
}

// ClearNow does what was planned.
type ClearNow struct {
	Plan int `json:"plan"`
}

// Progress tells how far something is.
type Progress struct {
	Connection int    `json:"connection"`
	What       string `json:"what"`           // clear, replay, publish
	Plan       int    `json:"plan,omitempty"` // that is carried out
	Done       int    `json:"done"`
	All        int    `json:"all"`
	Ended      bool   `json:"ended,omitempty"`
	Error      string `json:"error,omitempty"`
}

// Connect (operation "connect", answered by Connection) opens another connection, with the command's own options but for what is given.
type Connect struct {
	URL      string   `json:"url"`
	Filters  []Filter `json:"filters,omitempty"`
	Username string   `json:"username,omitempty"` // goes to the server and never comes back
	Password string   `json:"password,omitempty"`
	ClientID string   `json:"clientId,omitempty"`
	Version  string   `json:"version,omitempty"` // 3.1, 3.1.1, 5; empty: the best that the server speaks
	Replay   string   `json:"replay,omitempty"`  // instead of a URL: a recording in the folder
}

// Subscribe (operations "subscribe" and "unsubscribe", answered by Filter) changes what a connection receives.
type Subscribe struct {
	Connection int    `json:"connection"`
	Filter     Filter `json:"filter"`
}

// Only (operations "disconnect", "stopPublish", "record", "stopRecording", "files", answered by nothing, nothing, Connection, Connection
// and []File) names a connection.
type Only struct {
	Connection int `json:"connection"`
}

// File is a recording in the folder.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Time int64  `json:"time"`
}

// Replay is where a recording is, and (operation "replay", answered by nothing) how it goes on.
type Replay struct {
	Connection int     `json:"connection"`
	At         int64   `json:"at"` // time in the recording
	From       int64   `json:"from"`
	To         int64   `json:"to"`
	Speed      float64 `json:"speed"`            // 0: it stands still; -1: as fast as it goes
	Into       int     `json:"into,omitempty"`   // a connection that gets the messages published, too
	Seek       bool    `json:"seek,omitempty"`   // in the operation: go to At
	Loaded     int     `json:"loaded,omitempty"` // messages so far
}

// Server are figures of a broker by its $SYS topics.
type Server struct {
	Connection int    `json:"connection"`
	Product    string `json:"product,omitempty"` // as it names itself
	Tiles      []Tile `json:"tiles"`
}

// Tile is a figure with its past.
type Tile struct {
	Name   string    `json:"name"` // clients connected, messages received a second...
	Value  string    `json:"value"`
	Unit   string    `json:"unit,omitempty"`
	Topic  string    `json:"topic"` // where it comes from
	Times  []int64   `json:"times,omitempty"`
	Values []float64 `json:"values,omitempty"` // at most 300
}
