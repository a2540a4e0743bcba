package pcap_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dunlin/internal/pcap"
	"dunlin/internal/pcap/pcaptest"
)

// balance sees that each handler gets its data before it is closed, and is closed once.
type balance struct {
	t      *testing.T
	closed bool
	open   *int
}

func (b *balance) told(side int) {
	if b.closed || side != 0 && side != 1 {
		b.t.Errorf("side %d of a connection that is closed: %v", side, b.closed)
	}
}

func (b *balance) Data(side int, data []byte, _ time.Time) {
	if b.told(side); len(data) == 0 {
		b.t.Error("no data")
	}
}

func (b *balance) Missing(side int, n int64, _ bool) {
	if b.told(side); n <= 0 {
		b.t.Errorf("%d bytes are missing", n)
	}
}

func (b *balance) Close() {
	b.told(0)
	b.closed = true
	*b.open--
}

// FuzzConnections reads whatever files: nothing panics, and each connection is closed behind all that is said on it.
func FuzzConnections(f *testing.F) {
	for _, form := range []string{"micros", "nanos", "blocks"} {
		f.Add(capture(form, 3))
	}
	var list []pcap.Frame
	for i, flags := range []byte{pcaptest.Syn, pcaptest.Ack, pcaptest.Ack, pcaptest.Reset, pcaptest.Ack} {
		s := pcaptest.Segment{
			From: netip.MustParseAddrPort("192.0.2.1:1001"), To: netip.MustParseAddrPort("192.0.2.2:1883"),
			Seq: uint32(i), Flags: flags, Payload: []byte{byte(i)},
		}
		data := s.Ethernet()
		list = append(list, pcap.Frame{Time: noon.Add(time.Duration(i) * 50 * time.Second), Data: data, Size: len(data)})
	}
	f.Add(pcaptest.File(list))
	f.Add(pcaptest.Blocks(list))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := pcap.NewReader(bytes.NewReader(data))
		open := 0
		c := pcap.NewConnections(func(*pcap.Conn) pcap.Handler {
			open++
			return &balance{t: t, open: &open}
		})
		for err == nil {
			var frame *pcap.Frame
			if frame, err = r.Next(); err == nil {
				c.Add(frame)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("the error is more than a line: %q", err)
		}
		if c.Close(); open != 0 {
			t.Errorf("%d connections are not closed", open)
		}
	})
}
