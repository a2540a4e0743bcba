package packets_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// begun is when the talks of tests begin.
var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// publishOf is a PUBLISH of QoS 0 to a topic.
func publishOf(topic string, payload []byte) []byte {
	return packet.AppendPublish(nil, packet.V311, &packet.Publish{Topic: topic, Payload: payload})
}

// TestLogKeepsTheLatestOfAll compares the log with a list of all that was put into it.
func TestLogKeepsTheLatestOfAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(16<<10, 64<<10).Draw(t, "bytes")
		log := packets.NewLog(most)
		var all []protocol.Packet
		n := rapid.IntRange(0, 800).Draw(t, "packets")
		random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		for i := range n {
			topic := fmt.Sprintf("t%d", random.IntN(5))
			b := publishOf(topic, make([]byte, random.IntN(300)))
			p := protocol.Packet{Sent: random.IntN(2) == 0, Size: len(b), Device: random.IntN(3), Time: begun.UnixMicro() + int64(i), Summary: topic}
			p.Number = log.Add(p.Device, begun.Add(time.Duration(i)*time.Microsecond), packets.Packet{Sent: p.Sent, Bytes: b, Size: len(b), Version: mqtt.V311})
			all = append(all, p)
		}
		compareWith(t, log, all, most)
	})
}

// compareWith asks for random parts.
func compareWith(t *rapid.T, log *packets.Log, all []protocol.Packet, most int) {
	first := log.Packets(protocol.Watch{Count: 1}).First
	kept := 0
	for _, p := range all {
		if p.Number >= first {
			kept += p.Size
		}
	}
	if len(all) > 0 && (first < 1 || kept > most) || first > 1 && kept < most/8 {
		t.Fatalf("of %d packets those from %d on are kept, %d bytes, with room for %d", len(all), first, kept, most)
	}
	for range 5 {
		w := protocol.Watch{Device: rapid.IntRange(0, 2).Draw(t, "device"), Count: rapid.IntRange(0, 600).Draw(t, "count"), Text: rapid.SampledFrom([]string{"", "T1", "none"}).Draw(t, "text")}
		w.Last = int64(rapid.IntRange(0, len(all)+3).Draw(t, "last"))
		after := int64(rapid.IntRange(0, len(all)+3).Draw(t, "after"))
		var want []int64
		for _, p := range all {
			if p.Number < first || p.Number <= after || w.Last > 0 && p.Number > w.Last || w.Device != 0 && p.Device != w.Device {
				continue
			}
			if strings.Contains(p.Summary, strings.ToLower(w.Text)) {
				want = append(want, p.Number)
			}
		}
		want = want[max(0, len(want)-min(w.Count, 500)):]
		var got []int64
		for _, p := range log.Since(w, after).Packets {
			got = append(got, p.Number)
			q := all[p.Number-1]
			if p.Sent != q.Sent || p.Size != q.Size || p.Device != q.Device || p.Time != q.Time || !strings.Contains(p.Summary, q.Summary) || p.Type != "PUBLISH" {
				t.Fatalf("%+v, want %+v", p, q)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v after %d: got %v, want %v", w, after, got, want)
		}
	}
	for _, p := range all {
		d, err := log.Dissect(p.Number)
		if (err == nil) != (p.Number >= first) || err == nil && (d.Size != p.Size || len(d.Fields) < 5) {
			t.Fatalf("packet %d of those from %d on: %+v, %v", p.Number, first, d, err)
		}
	}
}

// TestTypesAreChosen by name, events among them.
func TestTypesAreChosen(t *testing.T) {
	t.Parallel()
	log := packets.NewLog(0)
	log.Opened(1, begun, "device 192.0.2.1")
	for _, b := range [][]byte{publishOf("a", nil), {0xC0, 0}, []byte("GET / HTTP/1.1\r\n")} {
		log.Add(1, begun, packets.Packet{Sent: true, Bytes: b, Size: len(b)})
	}
	log.Closed(1, begun, packets.Closed{By: packets.Client})
	for types, want := range map[string]int{"": 5, "publish": 1, "PUBLISH, PINGREQ": 2, "opened,closed": 2, "bytes": 1, "CONNECT": 0} {
		if got := log.Packets(protocol.Watch{Type: types, Count: 9}).Packets; len(got) != want {
			t.Errorf("%q: %+v", types, got)
		}
	}
	for _, number := range []int64{-1, 0, 6} {
		if _, err := log.Dissect(number); err == nil {
			t.Errorf("packet %d is there", number)
		}
	}
	if d, err := log.Dissect(1); err != nil || d.Type != "opened" || d.Summary != "device 192.0.2.1" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestNoCredentialLeavesTheLog breaks packets with credentials at every byte in every way of one bit, and cuts them.
func TestNoCredentialLeavesTheLog(t *testing.T) {
	t.Parallel()
	authData := packet.Properties(nil).AppendText(0x15, "SCRAM-SHA-1").AppendBinary(0x16, []byte("SECRETdata"))
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		for _, will := range []bool{false, true} {
			leakNothing(t, mqtt.Version(v), secretConnect(v, will, authData))
		}
	}
	for _, b := range [][]byte{
		append([]byte{0x20, byte(3 + len(authData)), 0, 0, byte(len(authData))}, authData...),
		append([]byte{0xF0, byte(2 + len(authData)), 0x18, byte(len(authData))}, authData...),
	} {
		leakNothing(t, mqtt.V5, b)
	}
	leakNothing(t, 0, []byte("GET /mqtt HTTP/1.1\r\nAuthorization: Basic SECRETSECRET\r\n\r\n"))
}

// secretConnect is a CONNECT with user name, password and authentication data.
func secretConnect(v packet.Version, will bool, authData packet.Properties) []byte {
	text := func(b []byte, s string) []byte { return append(append(b, 0, byte(len(s))), s...) }
	body := text(nil, map[bool]string{true: "MQIsdp", false: "MQTT"}[v == packet.V31])
	flags := byte(0xC2)
	if will {
		flags |= 0x04
	}
	body = append(body, byte(v), flags, 0, 60)
	if v == packet.V5 {
		body = append(append(body, byte(len(authData))), authData...)
	}
	body = text(body, "kitchen")
	if will && v == packet.V5 {
		body = append(body, 0)
	}
	if will {
		body = text(text(body, "gone"), "x")
	}
	body = text(text(body, "SECRETann"), "SECRETword")
	return append([]byte{0x10, byte(len(body))}, body...)
}

// leakNothing has a log show a packet and all that it may become.
func leakNothing(t *testing.T, v mqtt.Version, whole []byte) {
	t.Helper()
	show := func(b []byte, size int, broken bool) {
		log := packets.NewLog(0)
		number := log.Add(0, begun, packets.Packet{Sent: whole[0] != 0x20, Version: v, Bytes: b, Size: size, Broken: broken})
		d, err := log.Dissect(number)
		if err != nil {
			t.Fatal(err)
		}
		end := log.Closed(0, begun, packets.Closed{By: packets.Server})
		text, err := json.Marshal([]any{d, log.Packets(protocol.Watch{Count: 9}), end})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "SECRET") || bytes.Contains(d.Bytes, []byte("SECRET")) {
			t.Fatalf("[% x] shows credentials: %s\n%q", b, text, d.Bytes)
		}
	}
	show(whole, len(whole), false)
	for i := range whole {
		show(whole[:i], len(whole), false)
		show(whole[:i], len(whole), true)
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			becomesAnother := whole[0] == 0x20 && b[i] == 0x12 // authentication data that says it is the client identifier
			if v != 0 && b[0]>>4 == whole[0]>>4 && !becomesAnother {
				show(b, len(b), false)
			}
		}
	}
}

// TestReadersAndWritersShareALog: run with -race.
func TestReadersAndWritersShareALog(t *testing.T) {
	t.Parallel()
	log := packets.NewLog(32 << 10)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for device := range 3 {
		writers.Go(func() {
			for i := range 2000 {
				log.Add(device+1, begun, packets.Packet{Sent: true, Bytes: publishOf("a", make([]byte, i%50)), Size: 5 + i%50})
			}
			log.Closed(device+1, begun, packets.Closed{By: packets.Client})
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				p := log.Since(protocol.Watch{Count: 50}, log.Last()-100)
				if len(p.Packets) > 0 {
					_, _ = log.Dissect(p.Packets[0].Number) // it may be gone by now
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if p := log.Packets(protocol.Watch{}); p.Last != 6003 || len(p.Ends) != 3 {
		t.Errorf("%d packets, %d ends", p.Last, len(p.Ends))
	}
}
