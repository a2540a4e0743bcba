// Package verify numbers messages and accounts for each: lost, doubled, out of order, corrupted.
package verify

// Ledger is what one process knows of the messages: those that it sent, who wants them, and those that came. Ledgers of several
// processes make one Account.
type Ledger struct {
	Sent   []Stream `json:"sent,omitempty"`
	Wanted []Wanted `json:"wanted,omitempty"`
	Seen   []Seen   `json:"seen,omitempty"`
	// Foreign are messages that came without a number.
	Foreign uint64 `json:"foreign,omitempty"`
}

// Stream is a sequence of messages, numbered from 1, of one publisher to one topic.
type Stream struct {
	Stream    uint64 `json:"stream"` // unique among the processes of a run
	Publisher string `json:"publisher"`
	Topic     string `json:"topic"`
	QoS       byte   `json:"qos"`
	// Last is the highest number given. Unsure are ranges of numbers whose publish was not acknowledged, or at QoS 0
	// went to a connection that broke: they may arrive or not.
	Last   uint64 `json:"last"`
	Unsure Ranges `json:"unsure,omitempty"`
}

// Wanted is a subscription: every message of a stream with a topic that its filter matches has to come.
type Wanted struct {
	Receiver string `json:"receiver"`
	Filter   string `json:"filter"`
	// Answers says that it is for the answers of an echo: a stream's topic is meant with "/answer" behind it.
	Answers bool `json:"answers,omitempty"`
	// Unsure says that nobody promised what was sent while the client was away.
	Unsure bool `json:"unsure,omitempty"`
}

// Answer is what follows the topic of a message in the topic of its answer.
const Answer = "/answer"

// Seen is what one receiver, or all workers of a shared subscription together, got of a stream.
type Seen struct {
	Receiver string `json:"receiver"` // such as "workers/3", or "$share/workers" for a shared subscription
	Stream   uint64 `json:"stream"`   // 0: what was too damaged to tell
	Ranges   Ranges `json:"ranges,omitempty"`
	Doubled  uint64 `json:"doubled,omitempty"`
	Swapped  uint64 `json:"disordered,omitempty"` // messages that came after one with a higher number, at the same client
	Corrupt  uint64 `json:"corrupted,omitempty"`
	// The numbers of the first of each, at most numbersKept.
	DoubledFirst []uint64 `json:"doubled_first,omitempty"`
	SwappedFirst []uint64 `json:"disordered_first,omitempty"`
	CorruptFirst []uint64 `json:"corrupted_first,omitempty"`
}

// numbersKept is how many numbers are named of the messages of a stream that something is wrong with.
const numbersKept = 8

// Account is the sum. A message that several receivers should get counts for each of them.
type Account struct {
	Expected   uint64 `json:"expected"` // without those of Unsure
	Received   uint64 `json:"received"` // of those expected
	Lost       uint64 `json:"lost"`
	Doubled    uint64 `json:"doubled"`
	Disordered uint64 `json:"disordered"`
	Corrupted  uint64 `json:"corrupted"`
	Unsure     uint64 `json:"unsure"`  // came or not: nobody promised
	Foreign    uint64 `json:"foreign"` // came without a number, or with one of another run
	// Named are the first of them, each as a line, such as "sub/3 lost 17..19 of load/4 to bench/4".
	Named []string `json:"named,omitempty"`
}
