package packets_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"dunlin/internal/packets"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// vector is a packet of a server, and whether a client takes it, as the library's own parsers are held to it.
type vector struct {
	id     string
	p      packets.Packet
	expect string
}

// onlyTheClientCanTell names rows whose packet is well formed.
var onlyTheClientCanTell = regexp.MustCompile(
	`^(SIZE-.*|EARLY-.*|CAF-[45]-01|PROP-PUBLISH-23|PROP-CONNACK-(12|15|16)|TRAIL-(SUBACK-[45]|UNSUBACK-5)|RC-AUTH-(00|19))$`)

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	f, err := os.Open("../../mqtt/internal/wire/testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(cells[0], "#") || onlyTheClientCanTell.MatchString(cells[0]) {
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(cells[3], " ", ""))
		if err != nil {
			continue // a row in words
		}
		p := packets.Packet{Version: mqtt.Version(cells[1][0] - '0'), Bytes: b, Size: len(b)}
		all = append(all, vector{cells[0], p, cells[4]})
	}
	if len(all) < 2000 {
		t.Fatalf("%d rows, which is too few", len(all))
	}
	return all
}

// TestFaultsAreThoseThatTheClientRefuses holds what is called a fault to the table that the library's parsers pass.
func TestFaultsAreThoseThatTheClientRefuses(t *testing.T) {
	t.Parallel()
	for _, x := range vectors(t) {
		d := packets.Dissect(x.p)
		switch x.expect {
		case "close":
			if d.Fault == "" {
				t.Errorf("%s [% x]: no fault is found; %s", x.id, x.p.Bytes, d.Summary)
			}
		case "accept", "tolerate", "refuse":
			if d.Fault != "" && !strings.Contains(d.Fault, "MQTT-3.3.1-2") { // DUP at QoS 0, which receivers pass over
				t.Errorf("%s [% x]: fault %q, and it is right", x.id, x.p.Bytes, d.Fault)
			}
		}
	}
}

// check looks at what holds of every packet.
func check(t *testing.T, p packets.Packet) {
	t.Helper()
	before := bytes.Clone(p.Bytes)
	d := packets.Dissect(p)
	if !bytes.Equal(before, p.Bytes) {
		t.Fatalf("[% x] was changed", before)
	}
	covered := make([]bool, len(p.Bytes))
	for _, f := range d.Fields {
		if f.From < 0 || f.Length < 0 || f.From+f.Length > len(p.Bytes) {
			t.Fatalf("[% x]: field %+v is not in it", p.Bytes, f)
		}
		for i := range f.Length {
			covered[f.From+i] = true
		}
		if !utf8.ValidString(f.Value) || !utf8.ValidString(f.Fault) {
			t.Fatalf("[% x]: field %+v is no text", p.Bytes, f)
		}
	}
	if !utf8.ValidString(d.Summary) || strings.ContainsAny(d.Summary, "\n\r") {
		t.Fatalf("[% x]: %q is no line", p.Bytes, d.Summary)
	}
	if d.Fault == "" && !p.Broken && p.Size == len(p.Bytes) && bytes.Contains(boolBytes(covered), []byte{0}) {
		t.Fatalf("[% x]: no field has some of the bytes: %v", p.Bytes, covered)
	}
	masked := bytes.Clone(p.Bytes)
	q := p
	q.Bytes = masked
	packets.Mask(q)
	again := packets.Dissect(q)
	if len(again.Fields) != len(d.Fields) || !bytes.Equal(again.Bytes, d.Bytes) {
		t.Fatalf("[% x]: masked it reads as %+v, before as %+v", p.Bytes, again.Fields, d.Fields)
	}
}

func boolBytes(list []bool) (b []byte) {
	for _, x := range list {
		if x {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return b
}

// TestEveryByteHasItsField also looks at what is cut off at every byte.
func TestEveryByteHasItsField(t *testing.T) {
	t.Parallel()
	for _, x := range vectors(t) {
		check(t, x.p)
		for n := range x.p.Bytes {
			cut := x.p
			cut.Bytes = x.p.Bytes[:n]
			check(t, cut)
			cut.Broken = true
			check(t, cut)
			if d := packets.Dissect(cut); d.Fault == "" && x.p.Size > n {
				t.Errorf("%s cut to %d bytes by the end of the connection: no fault", x.id, n)
			}
		}
	}
}

// fullConnect is a CONNECT with everything.
func fullConnect(v packet.Version) []byte {
	c := &packet.Connect{
		Version: v, ClientID: "kitchen", KeepAlive: 60, CleanStart: true, HasUsername: true, Username: "SECRETann", HasPassword: true,
		Password: []byte("SECRETword"),
	}
	b := packet.AppendConnect(nil, c)
	return b
}

func FuzzDissect(f *testing.F) {
	for i, x := range vectors(f) {
		if i%25 == 0 {
			f.Add(x.p.Bytes, byte(x.p.Version), i%50 == 0, false)
		}
	}
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		f.Add(fullConnect(v), byte(v), true, false)
	}
	f.Add([]byte("GET /mqtt HTTP/1.1\r\n"), byte(0), true, true)
	f.Fuzz(func(t *testing.T, b []byte, version byte, sent, broken bool) {
		check(t, packets.Packet{Sent: sent, Version: mqtt.Version(version % 6), Bytes: b, Size: len(b), Broken: broken})
	})
}
