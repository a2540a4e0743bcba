package harness

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// play notes what became of message number of stream 0, a letter a step: w it was written to a server, a acknowledged by one,
// d delivered, h handled, o given to another's handler, t acknowledged to a server, p the client said that it is published, f that it failed.
func play(b *book, number uint32, steps string) {
	m := mark{number: number, at: time.Now()}
	for _, step := range steps {
		switch step {
		case 'w':
			b.wrote(m)
		case 'a':
			b.acked(m)
		case 'd':
			b.delivered(m)
		case 'h':
			b.handled(m, b.subscriber(0))
		case 'o':
			b.handled(m, b.subscriber(0)+1)
		case 't':
			b.taken(m)
		case 'p':
			b.ended(m, nil)
		case 'f':
			b.ended(m, errors.New("no"))
		}
	}
}

// TestAccount tells who lost or doubled a message by what was on the wire.
func TestAccount(t *testing.T) {
	for _, c := range []struct {
		steps string
		want  Account
	}{
		{"wapdht", Account{Handled: 1}},
		{"wapdth", Account{Handled: 1, Wrong: 1}}, // had it ended between t and h, nobody would have had the message
		{"wpadht", Account{Handled: 1, Wrong: 1}},
		{"wapdoht", Account{Handled: 1, Wrong: 1}},
		{"wapdo", Account{LostByCluster: 1, Wrong: 1}},
		{"wap", Account{LostByCluster: 1}},
		{"wapd", Account{LostByCluster: 1}}, // it broke off, and was not delivered again
		{"wapdt", Account{LostByClient: 1, Wrong: 1}},
		{"wp", Account{LostByClient: 1, Wrong: 1}},
		{"w", Account{Unfinished: 1}},
		{"wf", Account{Failed: 1}},
		{"wwapdhtdht", Account{Handled: 1, Doubled: 1, DoubledByPublisher: 1, SentAgain: 1}},
		{"wapdhdht", Account{Handled: 1, Doubled: 1, DoubledByCluster: 1}},
		{"wapdhht", Account{Handled: 1, Doubled: 1, DoubledByClient: 1}},
	} {
		b := newBook(1)
		b.next(0, 1)
		play(b, 0, c.steps)
		got := b.account()
		got.Named, got.Published = nil, 0
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.steps, got, c.want)
		}
	}
}

// TestAccountOrder counts what came after a later one, and only its first coming.
func TestAccountOrder(t *testing.T) {
	b := newBook(1)
	for range 4 {
		b.next(0, 4)
	}
	for _, number := range []uint32{0, 2, 1, 1, 3} {
		play(b, number, "h")
	}
	if _, ok := b.next(0, 4); ok {
		t.Error("there is room for another message, though none is acknowledged")
	}
	for number := range uint32(4) {
		play(b, number, "ap")
	}
	if a := b.account(); a.Disordered != 1 {
		t.Errorf("got %d, want 1", a.Disordered)
	}
	if _, ok := b.next(0, 1); !ok {
		t.Error("there is no room for another message, though all were handled")
	}
	if _, ok := b.next(0, 1); ok {
		t.Error("there is room for another message beside one")
	}
}

// TestFrames cuts packets out of a stream that comes in pieces of any size.
func TestFrames(t *testing.T) {
	long := append([]byte{0x30, 0xC8, 1}, make([]byte, 200)...)
	stream := slices.Concat([]byte{0xD0, 0}, long, []byte{0x40, 2, 0, 7})
	for size := 1; size <= len(stream); size++ {
		var f frames
		var got []byte
		for piece := range slices.Chunk(stream, size) {
			f.add(piece, func(first byte, body []byte) { got = append(got, first, byte(len(body))) })
		}
		if want := []byte{0xD0, 0, 0x30, 200, 0x40, 2}; !slices.Equal(got, want) {
			t.Fatalf("in pieces of %d: got % X, want % X", size, got, want)
		}
	}
}

func TestComebacks(t *testing.T) {
	at := func(ms int, what what, client int) event {
		return event{what: what, at: time.UnixMilli(int64(ms)), client: client, session: true}
	}
	all := []event{
		at(0, offline, 1), at(0, offline, 2), at(0, offline, 3),
		at(100, dialed, 1), at(110, asked, 1), at(120, dialed, 1), at(130, asked, 1), at(150, accepted, 1), at(160, online, 1),
		at(500, dialed, 2), at(510, asked, 2), at(1200, dialed, 2), at(1210, asked, 2), at(1290, accepted, 2), at(1300, online, 2),
	}
	const down = 7
	all[3].node, all[4].node = down, down // it takes the connection, and does not answer
	both := func(less, more int) Durations {
		least, most := time.Duration(less)*time.Millisecond, time.Duration(more)*time.Millisecond
		return Durations{N: 2, Median: most, P99: least, Max: most}
	}
	want := comeback{Lost: 3, Away: 1, Connects: 3, Asked: both(130, 510), Answered: both(20, 780), Back: both(160, 1300)}
	if c := comebacks(all, down, time.UnixMilli(2000)); c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	want.Asked, want.Answered = both(110, 510), both(40, 780)
	if c := comebacks(all, down, time.UnixMilli(50)); c != want {
		t.Errorf("the node was there again: got %+v, want %+v", c, want)
	}
}

func TestFaultsWithoutEffectAndStormsAreFound(t *testing.T) {
	for _, c := range []struct {
		name string
		o    FaultOutcome
		good bool
	}{
		{"all clients of the node lost it, and some others", FaultOutcome{On: 10, comeback: comeback{Lost: 12, Connects: 20}}, true},
		{"one of them has not noticed", FaultOutcome{On: 10, comeback: comeback{Lost: 9}}, false},
		{"they come back all at once", FaultOutcome{On: 10, comeback: comeback{Lost: 10, Connects: 121}}, false},
	} {
		if err := c.o.check(30); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOnlyFaultsThatThereAreCanBeAskedFor(t *testing.T) {
	if all, err := ParseFaults("killed,cut off"); err != nil || !slices.Equal(all, []Fault{Killed, CutOff}) {
		t.Errorf("got %q, %v", all, err)
	}
	if all, err := ParseFaults("killed,paused"); err == nil {
		t.Errorf("got %q without an error", all)
	}
}

func TestReplaceTables(t *testing.T) {
	const text = "a\n<!-- cluster x -->\nold\n<!-- end of cluster x -->\nb\n"
	got, err := replaceTables(text, "x", "made\n")
	if want := strings.Replace(text, "old", "made", 1); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := replaceTables(text, "y", ""); err == nil {
		t.Error("a document without the markers is taken")
	}
}
