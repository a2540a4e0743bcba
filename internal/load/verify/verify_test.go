package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dunlin/internal/load/verify"
)

// TestRangesAreASet compares ranges with a plain set, for numbers in any order.
func TestRangesAreASet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var r verify.Ranges
		set := map[uint64]bool{}
		for range 60 {
			n := random.Uint64N(40) + 1
			if r.Add(n) == set[n] {
				t.Fatalf("Add(%d) to %v says that it is new: %v", n, r, !set[n])
			}
			set[n] = true
		}
		checkApart(t, r)
		first := random.Uint64N(20) + 1
		r.AddRange(first, first+7)
		for n := first; n <= first+7; n++ {
			set[n] = true
		}
		if int(r.Count()) != len(set) {
			t.Fatalf("%v: %d numbers, not %d", r, r.Count(), len(set))
		}
		checkApart(t, r)
	}
}

// checkApart expects a gap between ranges.
func checkApart(t *testing.T, r verify.Ranges) {
	t.Helper()
	for i := 1; i < len(r); i++ {
		if r[i][0] <= r[i-1][1]+1 {
			t.Fatalf("%v: two ranges that could be one", r)
		}
	}
}

// TestAHundredMillionMessagesAreOneRange shows that a ledger stays small.
func TestAHundredMillionMessagesAreOneRange(t *testing.T) {
	var r verify.Ranges
	for n := range uint64(1_000_000) {
		r.Add(n + 1)
	}
	if len(r) != 1 || r.Count() != 1_000_000 {
		t.Errorf("%d ranges with %d numbers", len(r), r.Count())
	}
}

// TestEveryDamageIsFound changes each bit of a message.
func TestEveryDamageIsFound(t *testing.T) {
	rest := []byte("what follows the header")
	payload := append(make([]byte, verify.HeaderSize), rest...)
	h := verify.Header{Stream: 7<<32 | 3, Number: 12345, Due: 1_700_000_000_123_456_789}
	h.Put(payload, verify.Checksum(rest))
	if got, err := verify.Read(payload); err != nil || got != h {
		t.Fatalf("%+v, %v", got, err)
	}
	for bit := range 8 * len(payload) {
		damaged := bytes.Clone(payload)
		damaged[bit/8] ^= 1 << (bit % 8)
		got, err := verify.Read(damaged)
		switch {
		case bit/8 < verify.HeaderSize && !errors.Is(err, verify.ErrUnreadable) && !errors.Is(err, verify.ErrForeign):
			t.Errorf("bit %d of the header: %v", bit, err)
		case bit/8 >= 4 && errors.Is(err, verify.ErrForeign):
			t.Errorf("bit %d: not taken for one of ours", bit)
		case bit/8 >= verify.HeaderSize && (!errors.Is(err, verify.ErrDamaged) || got != h):
			t.Errorf("bit %d of the rest: %v, %+v", bit, err, got)
		}
	}
	for size := range len(payload) {
		if _, err := verify.Read(payload[:size]); err == nil {
			t.Errorf("a message cut after %d bytes is taken for whole", size)
		}
	}
	value := string(h.AppendProperty(nil, verify.Checksum(rest)))
	if got, err := verify.ReadProperty(value, rest); err != nil || got != h {
		t.Errorf("property: %+v, %v", got, err)
	}
	if _, err := verify.ReadProperty(value, rest[1:]); !errors.Is(err, verify.ErrDamaged) {
		t.Errorf("property and another payload: %v", err)
	}
}

// take gives numbers of a stream to a receiver.
func take(r *verify.Receiver, stream uint64, numbers ...uint64) {
	r.Begin()
	for _, n := range numbers {
		r.Take(verify.Header{Stream: stream, Number: n}, nil)
	}
	r.End()
}

// counts is an account without the names.
func counts(a verify.Account) verify.Account {
	a.Named = nil
	return a
}

// TestAccount counts and names each fault once.
func TestAccount(t *testing.T) {
	l := &verify.Ledger{
		Sent: []verify.Stream{
			{Stream: 1, Publisher: "load/1", Topic: "a/1", QoS: 1, Last: 10, Unsure: verify.Ranges{{9, 10}}},
			{Stream: 2, Publisher: "load/2", Topic: "a/2", QoS: 1, Last: 5},
		},
		Wanted: []verify.Wanted{{Receiver: "sub/1", Filter: "a/+"}, {Receiver: "sub/2", Filter: "a/1"}, {Receiver: "away/1", Filter: "a/2", Unsure: true}},
	}
	one, two, away := verify.NewReceiver("sub/1", nil), verify.NewReceiver("sub/2", nil), verify.NewReceiver("away/1", nil)
	take(one, 1, 1, 2, 3, 6, 5, 7, 8, 9) // 4 is lost, 5 is late, 9 need not have come
	take(one, 2, 1, 2, 2, 3, 1, 4)       // 5 is lost, 1 and 2 came again
	one.Take(verify.Header{Stream: 2, Number: 5}, verify.ErrDamaged)
	one.Take(verify.Header{}, verify.ErrUnreadable)
	one.Take(verify.Header{}, verify.ErrForeign)
	take(two, 1, 1, 2, 3, 4, 5, 6, 7, 8)
	take(two, 99, 1) // of another run
	take(away, 2, 1, 2)
	for _, r := range []*verify.Receiver{one, two, away} {
		r.AddTo(l)
	}
	a := l.Account()
	want := verify.Account{Expected: 8 + 5 + 8 + 2, Received: 7 + 5 + 8 + 2, Lost: 1, Doubled: 2, Disordered: 1, Corrupted: 2, Unsure: 2 + 2 + 3, Foreign: 2}
	if got := counts(a); !reflect.DeepEqual(got, want) {
		t.Errorf("account\n%+v, want\n%+v", got, want)
	}
	all := strings.Join(a.Named, "\n")
	for _, line := range []string{
		"sub/1 lost 4 of load/1 to a/1", "sub/1 got 5 out of order of load/1 to a/1", "sub/1 got 2, 1 a second time of load/2 to a/2",
		"sub/1 got 5 corrupted of load/2 to a/2", "sub/1 got so damaged that no number can be read: 1",
	} {
		if !strings.Contains(all, line) {
			t.Errorf("%q is not named in\n%s", line, all)
		}
	}
}

// TestOnlyTheFirstNumbersAreNamed has a hundred messages come twice.
func TestOnlyTheFirstNumbersAreNamed(t *testing.T) {
	l := &verify.Ledger{Sent: []verify.Stream{{Stream: 1, Publisher: "load/1", Topic: "a", Last: 100}}, Wanted: []verify.Wanted{{Receiver: "sub/1", Filter: "a"}}}
	r := verify.NewReceiver("sub/1", nil)
	for n := range uint64(100) {
		take(r, 1, n+1, n+1)
	}
	r.AddTo(l)
	a := l.Account()
	if want := []string{"sub/1 got 1, 2, 3, 4, 5, 6, 7, 8 and more, 100 in all, a second time of load/1 to a"}; a.Doubled != 100 || !reflect.DeepEqual(a.Named, want) {
		t.Errorf("%d, named: %q", a.Doubled, a.Named)
	}
}

// TestShareIsOneReceiver has workers take a stream together: each message is wanted once, and what two of them get is doubled.
func TestShareIsOneReceiver(t *testing.T) {
	const name = "$share/g/a/#"
	sent := []verify.Stream{{Stream: 1, Publisher: "load/1", Topic: "a/1", Last: 6}}
	parts := []*verify.Ledger{{Sent: sent}, {}}
	for i, numbers := range [][][]uint64{{{1, 3}, {2}}, {{4, 3}}} { // the second process gets 3 again, and 4 before it
		share := verify.NewShare()
		for _, of := range numbers {
			worker := verify.NewReceiver(name, share)
			take(worker, 1, of...)
			worker.AddTo(parts[i])
			parts[i].Wanted = append(parts[i].Wanted, verify.Wanted{Receiver: name, Filter: "a/#"})
		}
		share.AddTo(parts[i], name)
	}
	// A ledger goes through a file on its way.
	text, err := json.Marshal(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = &verify.Ledger{}
	if err := json.Unmarshal(text, parts[1]); err != nil {
		t.Fatal(err)
	}
	l, err := verify.Join(parts)
	if err != nil {
		t.Fatal(err)
	}
	a := l.Account()
	if a.Expected != 6 || a.Received != 4 || a.Lost != 2 || a.Doubled != 1 || a.Disordered != 1 {
		t.Errorf("%+v", a)
	}
	if !slices.Contains(a.Named, name+" got 3 a second time of load/1 to a/1") {
		t.Errorf("named: %v", a.Named)
	}
	if _, err := verify.Join([]*verify.Ledger{parts[0], parts[0]}); err == nil {
		t.Error("the same part twice is joined")
	}
}

// TestEachHasAFilterOfItsOwn accounts for ten thousand clients that publish to and subscribe below a level of their own. Comparing each filter with
// each topic would take longer than a test may.
func TestEachHasAFilterOfItsOwn(t *testing.T) {
	const clients = 10_000
	l := &verify.Ledger{}
	for i := range clients {
		name := strconv.Itoa(i)
		l.Sent = append(l.Sent, verify.Stream{Stream: uint64(i + 1), Publisher: "pub/" + name, Topic: "devices/" + name + "/state", Last: 3})
		l.Wanted = append(l.Wanted, verify.Wanted{Receiver: "sub/" + name, Filter: "devices/" + name + "/#"})
	}
	if a := l.Account(); a.Expected != 3*clients || a.Lost != 3*clients {
		t.Errorf("%d expected, %d lost", a.Expected, a.Lost)
	}
}

// TestMatches holds filters against topics as MQTT has it.
func TestMatches(t *testing.T) {
	for filter, topics := range map[string]map[string]bool{
		"a/+":   {"a/b": true, "a": false, "a/": true, "a/b/c": false},
		"a/#":   {"a": true, "a/b": true, "a/b/c": true, "b": false},
		"#":     {"a": true, "$SYS/a": false},
		"+/b":   {"a/b": true, "$a/b": false, "b": false},
		"a/b":   {"a/b": true, "a/bc": false, "a/b/": false},
		"+/+/#": {"a/b": true, "a": false, "/": true},
	} {
		for topic, want := range topics {
			l := &verify.Ledger{Sent: []verify.Stream{{Stream: 1, Topic: topic, Last: 1}}, Wanted: []verify.Wanted{{Receiver: "r", Filter: filter}}}
			if got := l.Account().Expected == 1; got != want {
				t.Errorf("%q matches %q: %v", filter, topic, got)
			}
		}
	}
}
