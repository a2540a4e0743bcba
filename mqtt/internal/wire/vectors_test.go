package wire_test

import (
	"bufio"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// vector is one row of testdata/vectors.tsv: what a server sends and what a client
// must make of it.
type vector struct {
	id, version, phase, bytes, expect, code string
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	f, err := os.Open("testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []vector
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(cells[0], "#") {
			continue
		}
		rows = append(rows, vector{cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]})
	}
	return rows
}

func (x vector) wants() wire.ReasonCode {
	n, err := strconv.ParseUint(x.code, 16, 8)
	if err != nil {
		return 0
	}
	return wire.ReasonCode(n)
}

// sessionOnly names the rows whose packet is well formed and whose verdict needs what
// only the client knows. Each entry says what that is.
var sessionOnly = []struct {
	rows *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`^EARLY-`), "the packet comes before CONNACK"},
	{regexp.MustCompile(`^CAF-[45]-01$`), "Clean Start was set"},
	{regexp.MustCompile(`^PROP-PUBLISH-23$`), "the alias is above the client's own maximum"},
	{regexp.MustCompile(`^PROP-CONNACK-(12|15|16)$`), "what CONNECT asked for"},
	{regexp.MustCompile(`^TRAIL-(SUBACK-[45]|UNSUBACK-5)$`), "how many filters the request had"},
	{regexp.MustCompile(`^RC-AUTH-(00|19)$`), "the state of the authentication"},
}

func (x vector) sessionOnly() bool {
	for _, s := range sessionOnly {
		if s.rows.MatchString(x.id) {
			return true
		}
	}
	return false
}

// TestVectors feeds every row to the parsers and compares the outcome.
func TestVectors(t *testing.T) {
	counts := map[string]int{}
	for _, x := range readVectors(t) {
		if strings.HasPrefix(x.id, "SIZE-") {
			counts["sizes, see TestSizes"]++
			continue
		}
		v := wire.Version(x.version[0] - '0')
		b := bytesOf(t, x.bytes)
		packet, err := decode(b, v)
		counts[judge(t, x, b, v, packet, err)]++
		if err == nil {
			again(t, x.id, packet, v)
		}
	}
	if !maps.Equal(counts, verdicts) {
		t.Errorf("rows by verdict: %v, want %v", counts, verdicts)
	}
}

// verdicts is how many rows are decided in which way, so that no family slips out of
// the comparison unseen.
var verdicts = map[string]int{
	"accept":                          104,
	"tolerate":                        4,
	"refuse":                          14,
	"disconnected by a DISCONNECT":    70,
	"disconnected by an error":        63,
	"close: refused by the parser":    2190,
	"close: the direction is wrong":   10,
	"close: only the client can tell": 12,
	"sizes, see TestSizes":            2,
}

// judge compares one outcome with the row and returns how the row was decided.
func judge(t *testing.T, x vector, b []byte, v wire.Version, packet any, err error) string {
	t.Helper()
	switch x.expect {
	case "accept", "tolerate":
		if err != nil {
			t.Errorf("%s [% X]: %v, want it accepted", x.id, b, err)
		}
		return x.expect
	case "refuse":
		if ack, ok := packet.(*wire.ConnAck); err != nil || !ok || ack.Code != x.wants() {
			t.Errorf("%s [% X]: %v %v, want refusal %s", x.id, b, packet, err, x.code)
		}
		return x.expect
	case "disconnected":
		return judgeDisconnect(t, x, packet, err)
	case "close":
		return judgeClose(t, x, b, v, err)
	}
	t.Errorf("%s: unknown verdict %q", x.id, x.expect)
	return "unknown"
}

func judgeDisconnect(t *testing.T, x vector, packet any, err error) string {
	t.Helper()
	code := x.wants()
	if x.code != "" && !wire.IsDefined(wire.DISCONNECT, code) && !code.Failed() {
		if err == nil {
			t.Errorf("%s: undefined code accepted", x.id)
		}
		return "disconnected by an error"
	}
	d, ok := packet.(*wire.Disconnect)
	if err != nil || !ok || x.code != "" && d.Code != code {
		t.Errorf("%s: %v %v, want DISCONNECT %s", x.id, packet, err, x.code)
	}
	return "disconnected by a DISCONNECT"
}

func judgeClose(t *testing.T, x vector, b []byte, v wire.Version, err error) string {
	t.Helper()
	switch {
	case err == nil && !wire.IsServerToClient(wire.Type(b[0]>>4), v):
		return "close: the direction is wrong"
	case err == nil && x.sessionOnly():
		return "close: only the client can tell"
	case err == nil:
		t.Errorf("%s [% X]: accepted, want it refused with %s", x.id, b, x.code)
	case x.sessionOnly():
		t.Errorf("%s [% X]: %v, but the wire cannot know", x.id, b, err)
	case !equivalent(codeOf(err), x.wants()):
		t.Errorf("%s [% X]: %v, want %s", x.id, b, err, x.code)
	}
	return "close: refused by the parser"
}

// equivalent treats malformed and protocol error alike, as the table does.
func equivalent(a, b wire.ReasonCode) bool {
	general := func(c wire.ReasonCode) bool { return c == wire.MalformedPacket || c == wire.ProtocolError }
	return a == b || general(a) && general(b)
}

// again encodes what was decoded and decodes it once more.
func again(t *testing.T, id string, packet any, v wire.Version) {
	t.Helper()
	b := encode(nil, packet, v)
	if n := length(packet, v); n != len(b) {
		t.Errorf("%s: Length is %d, encoded are %d bytes", id, n, len(b))
	}
	second, err := decode(b, v)
	if err != nil || show(second) != show(packet) {
		t.Errorf("%s: %s became %s %v", id, show(packet), show(second), err)
	}
}
