package pcap_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/internal/pcap"
	"dunlin/internal/pcap/pcaptest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var payload = []byte("payload")

// four and six are packets of IP with a segment that has options.
func four() []byte { return ip("192.0.2.1:1001", "192.0.2.2:1883") }

func six() []byte { return ip("[2001:db8::1]:1001", "[2001:db8::2]:1883") }

func ip(from, to string) []byte {
	s := pcaptest.Segment{
		From: netip.MustParseAddrPort(from), To: netip.MustParseAddrPort(to), Seq: 7, Flags: pcaptest.Ack, Payload: payload,
		Options: []byte{1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0},
	}
	return s.IP()
}

// listener writes down what it gets.
type listener struct{ got *[]string }

func (l listener) Data(side int, b []byte, _ time.Time) {
	*l.got = append(*l.got, fmt.Sprintf("%d:%s", side, b))
}

func (l listener) Missing(side int, n int64, cut bool) {
	*l.got = append(*l.got, fmt.Sprintf("%d:missing %d %v", side, n, cut))
}
func (l listener) Close() {}

// heard returns what the connections in frames say.
func heard(frames ...*pcap.Frame) (string, pcap.Counts) {
	var got []string
	c := pcap.NewConnections(func(*pcap.Conn) pcap.Handler { return listener{&got} })
	for _, f := range frames {
		if f.Size == 0 {
			f.Size = len(f.Data)
		}
		f.Time = noon
		c.Add(f)
	}
	c.Close()
	return strings.Join(got, ", "), c.Counts
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// The segment of TCP is found behind the heads of all kinds of frames.
func TestFramesOfAllKinds(t *testing.T) {
	four, six := four(), six()
	ether := func(kinds ...byte) []byte { return append(make([]byte, 12), kinds...) }
	extended := slices.Clone(six)
	options := []byte{60, 0, 1, 4, 0, 0, 0, 0} // hop by hop, then for the destination, then the only fragment
	options = append(options, 44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1)
	extended = slices.Insert(extended, 40, options...)
	extended[6] = 0
	binary.BigEndian.PutUint16(extended[4:], uint16(len(extended)-40))
	unsaid := slices.Clone(four) // larger than it can say
	binary.BigEndian.PutUint16(unsaid[2:], 0)
	for name, f := range map[string]*pcap.Frame{
		"Ethernet":            {Link: 1, Data: join(ether(8, 0), four)},
		"Ethernet, IPv6":      {Link: 1, Data: join(ether(0x86, 0xDD), six)},
		"a VLAN":              {Link: 1, Data: join(ether(0x81, 0, 0, 5, 8, 0), four)},
		"a VLAN in a VLAN":    {Link: 1, Data: join(ether(0x88, 0xA8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xDD), six)},
		"padding":             {Link: 1, Data: join(ether(8, 0), four, make([]byte, 9))},
		"padding, IPv6":       {Link: 1, Data: join(ether(0x86, 0xDD), six, make([]byte, 9))},
		"no length":           {Link: 101, Data: unsaid},
		"Linux cooked":        {Link: 113, Data: join(make([]byte, 14), []byte{8, 0}, four)},
		"Linux cooked 2":      {Link: 276, Data: join([]byte{0x86, 0xDD}, make([]byte, 18), six)},
		"loopback of macOS":   {Link: 0, Data: join([]byte{2, 0, 0, 0}, four)},
		"loopback of OpenBSD": {Link: 108, Data: join([]byte{0, 0, 0, 24}, six)},
		"bare IP":             {Link: 101, Data: six},
		"bare IPv4":           {Link: 228, Data: four},
		"extension headers":   {Link: 229, Data: extended},
	} {
		if got, counts := heard(f); got != "0:payload" {
			t.Errorf("%s: %q, %+v", name, got, counts)
		}
		for n := range f.Data { // what was cut off is no more than it was
			got, _ := heard(&pcap.Frame{Link: f.Link, Data: f.Data[:n], Size: len(f.Data)})
			if !strings.HasPrefix("0:payload", got) && !strings.Contains(got, "missing") {
				t.Fatalf("%s, %d bytes: %q", name, n, got)
			}
		}
	}
}

// What is not read is counted.
func TestFramesThatAreNotRead(t *testing.T) {
	fragment := four()
	fragment[6] = 0x20 // more of them follow
	later := append(six()[:40], 6, 0, 0, 9, 0, 0, 0, 1, 1, 2, 3)
	later[6] = 44
	_, counts := heard(
		&pcap.Frame{Link: 101, Data: fragment},
		&pcap.Frame{Link: 101, Data: later},
		&pcap.Frame{Link: 105, Data: []byte{1, 2, 3}},
		&pcap.Frame{Link: 1, Data: []byte{1, 2, 3}, Size: 60},
	)
	if counts.Frames != 4 || counts.Fragments != 2 || counts.Cut != 1 || counts.Unknown[105] != 1 {
		t.Errorf("%+v", counts)
	}
}

// As many connections as there may be are followed at once; those that are over make room first, and what is given up is counted.
func TestManyConnections(t *testing.T) {
	const most = 1 << 16
	heads := make([]byte, 0, 41)
	frame := func(port int, flags byte, payload string) *pcap.Frame {
		heads = append(heads[:0], 0x45, 0, 0, byte(40+len(payload)), 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, byte(port>>16), 10, 1, 0, 1)
		heads = append(heads, byte(port>>8), byte(port), 7, 91, 0, 0, 0, 7, 0, 0, 0, 0, 0x50, flags, 0, 1, 0, 0, 0, 0)
		heads = append(heads, payload...)
		return &pcap.Frame{Link: 101, Data: heads, Size: len(heads), Time: noon}
	}
	got := []string{}
	c := pcap.NewConnections(func(*pcap.Conn) pcap.Handler { return listener{&got} })
	for port := range most + 1 {
		flags := byte(0x10)
		if port < most/4 {
			flags |= 0x04 // reset
		}
		c.Add(frame(port, flags, "x"))
	}
	if len(got) != most+1 || c.GivenUp != 0 {
		t.Fatalf("%d messages, %d given up", len(got), c.GivenUp)
	}
	for port := most + 1; port < most+2+most/4; port++ {
		c.Add(frame(port, 0x10, "x"))
	}
	if c.GivenUp != most/4 {
		t.Errorf("%d given up", c.GivenUp)
	}
}

// closing counts the connections that nothing follows on.
type closing struct {
	listener
	closed *int
}

func (c closing) Close() { *c.closed++ }

// A connection that is over takes no memory when a minute has passed, and goes on where it was not over, for the reset was somebody else's.
func TestConnectionsThatAreOver(t *testing.T) {
	var got []string
	closed := 0
	c := pcap.NewConnections(func(*pcap.Conn) pcap.Handler { return closing{listener{&got}, &closed} })
	add := func(at time.Duration, from uint16, seq uint32, flags byte, payload string) {
		s := pcaptest.Segment{
			From: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), from), To: netip.MustParseAddrPort("192.0.2.2:1883"),
			Seq: seq, Flags: flags, Payload: []byte(payload),
		}
		data := s.Ethernet()
		c.Add(&pcap.Frame{Link: 1, Data: data, Size: len(data), Time: noon.Add(at)})
	}
	for port := range uint16(100) {
		add(0, port, 0, pcaptest.Syn, "")
		add(0, port, 1, pcaptest.Reset, "a")
	}
	add(59*time.Second, 0, 2, pcaptest.Ack, "b")
	add(-time.Hour, 1, 1, pcaptest.Ack, "a") // again, by a clock that was put back
	if closed != 0 {
		t.Fatalf("%d are ended within a minute", closed)
	}
	add(61*time.Second, 0, 3, pcaptest.Ack, "c")
	if closed != 99 {
		t.Errorf("%d of the 99 are ended on which nothing came for a minute", closed)
	}
	add(100*time.Second, 0, 4, pcaptest.Ack, "d")
	add(200*time.Second, 200, 0, pcaptest.Ack, "e")
	if closed != 100 {
		t.Errorf("%d of 100 are ended", closed)
	}
	if text := strings.Join(got, " "); !strings.HasSuffix(text, "0:a 0:b 0:c 0:d 0:e") || len(got) != 104 {
		t.Errorf("it was said: %s", text)
	}
}

// capture returns frames of one byte each, in a form.
func capture(form string, frames int) []byte {
	var list []pcap.Frame
	for i := range frames {
		list = append(list, pcap.Frame{Time: noon.Add(time.Duration(i) * time.Millisecond), Data: []byte{byte(i)}, Size: 100 + i})
	}
	if form == "blocks" {
		return pcaptest.Blocks(list)
	}
	b := pcaptest.File(list)
	if form == "micros" {
		return b
	}
	const nanos = 0xA1B23C4D
	b = slices.Clone(b)
	for at := 0; at < len(b); at += 4 { // the highest byte first, and other units
		n := binary.LittleEndian.Uint32(b[at:])
		switch {
		case at == 0:
			n = nanos
		case at == 4:
			n = 2<<16 | 4
		case at >= 24 && (at-24)%17 == 4:
			n *= 1000
		}
		binary.BigEndian.PutUint32(b[at:], n)
		if at >= 24 && (at-24)%17 == 12 {
			at++ // the frame
		}
	}
	return b
}

// frames reads a capture to its end.
func frames(data []byte) (list []pcap.Frame, err error) {
	r, err := pcap.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	for {
		f, err := r.Next()
		if err != nil {
			return list, err
		}
		list = append(list, *f)
		list[len(list)-1].Data = slices.Clone(f.Data)
	}
}

// Each form of files is read, and one that was cut off says so, wherever that was.
func TestFilesOfAllForms(t *testing.T) {
	for _, form := range []string{"micros", "nanos", "blocks"} {
		data := capture(form, 3)
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		_, err := z.Write(data)
		must(t, errors.Join(err, z.Close()))
		for _, data := range [][]byte{data, zipped.Bytes()} {
			list, err := frames(data)
			if !errors.Is(err, io.EOF) || len(list) != 3 {
				t.Fatalf("%s: %d frames, %v", form, len(list), err)
			}
			for i, f := range list {
				at := noon.Add(time.Duration(i) * time.Millisecond)
				if f.Number != i+1 || !f.Time.Equal(at) || f.Link != 1 || f.Size != 100+i || !bytes.Equal(f.Data, []byte{byte(i)}) {
					t.Errorf("%s: frame %d is %+v", form, i+1, f)
				}
			}
		}
		whole := map[int]bool{len(data): true}
		for n := 2; n >= 0; n-- { // where a frame ends nothing is cut off
			whole[len(capture(form, n))] = true
		}
		for n := len(capture(form, 0)); n < len(data); n++ {
			if _, err := frames(data[:n]); !whole[n] && !errors.Is(err, pcap.ErrCut) {
				t.Errorf("%s, %d bytes: %v", form, n, err)
			} else if whole[n] && !errors.Is(err, io.EOF) {
				t.Errorf("%s, %d bytes: %v", form, n, err)
			}
		}
	}
}

// block returns a block of pcapng, the highest byte first.
func block(kind uint32, body ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, kind)
	b = binary.BigEndian.AppendUint32(b, uint32(12+len(body)))
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, uint32(12+len(body)))
}

var section = block(0x0A0D0D0A, 0x1A, 0x2B, 0x3C, 0x4D, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255)

// nic describes an interface with a resolution of times, and an offset in seconds.
func nic(resolution, offset byte) []byte {
	return block(1, 0, 101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, resolution, 0, 0, 0, 0, 14, 0, 8, 0, 0, 0, 0, 0, 0, 0, offset, 0, 0, 0, 0)
}

// packet has a time, and one byte.
func packet(ticks uint64) []byte {
	body := binary.BigEndian.AppendUint64([]byte{0, 0, 0, 0}, ticks)
	return block(6, append(body, 0, 0, 0, 1, 0, 0, 0, 1, 'x', 0, 0, 0)...)
}

// Times of pcapng count parts of a second of whatever size.
func TestTimesOfPcapng(t *testing.T) {
	for _, x := range []struct {
		resolution, offset byte
		ticks              uint64
		want               string // "": an error
	}{
		{6, 0, 1500000, "1970-01-01T00:00:01.5Z"},
		{6, 60, 1500000, "1970-01-01T00:01:01.5Z"},
		{0, 0, 7, "1970-01-01T00:00:07Z"},
		{12, 0, 1000000001999, "1970-01-01T00:00:01.000000001Z"},
		{19, 0, 15000000000000000000, "1970-01-01T00:00:01.5Z"},
		{0x80 | 10, 0, 1536, "1970-01-01T00:00:01.5Z"},
		{0x80 | 63, 0, 3 << 62, "1970-01-01T00:00:01.5Z"},
		{0x80 | 64, 0, 1, ""},
		{0xFF, 0, 1, ""},
		{20, 0, 1, ""},
		{0, 0, 1 << 63, ""},
	} {
		list, err := frames(join(section, nic(x.resolution, x.offset), block(5, 1, 2, 3, 4), packet(x.ticks), section, nic(x.resolution, x.offset), packet(x.ticks)))
		switch {
		case x.want == "" && (errors.Is(err, io.EOF) || len(list) > 0):
			t.Errorf("%+v: %v", x, list)
		case x.want != "" && (len(list) != 2 || list[1].Time.Format(time.RFC3339Nano) != x.want):
			t.Errorf("%+v: %v, %v", x, list, err)
		}
	}
}

// What is no capture, or damaged, is an error of one line that says where.
func TestFilesThatCannotBeRead(t *testing.T) {
	old := capture("micros", 1)
	change := func(b []byte, at int, to ...byte) []byte {
		b = slices.Clone(b)
		copy(b[at:], to)
		return b
	}
	for _, x := range []struct {
		data []byte
		want string
	}{
		{nil, "it is too short to be a capture"},
		{[]byte("a line of text"), "it is too short to be a capture"},
		{[]byte("a line of text, and another one"), "it is no capture: it begins neither as pcap nor as pcapng"},
		{change(old, 4, 9), "it has version 9.4 of pcap, and 2.4 can be read"},
		{change(old, 24+8, 255, 255, 255, 255), "frame 1, at byte 40 of the capture: it says to have 4294967295 bytes"},
		{[]byte{0x1F, 0x8B, 1, 2, 3}, "it is compressed and cannot be read"},
		{change(section, 8, 9), "a section of pcapng does not say in which order its bytes are"},
		{change(section, 13, 9), "it has version 9 of pcapng, and 1 can be read"},
		{join(section, packet(1)), "frame 1, at byte 64 of the capture: it is from interface 0, and 0 are described"},
		{join(section, block(3, 0, 0, 0, 1, 'x', 0, 0, 0)), "it has no time (a Simple Packet Block)"},
		{join(section, nic(6, 0), change(packet(1), 20, 1)), "it says to have 16777217 bytes, more than its block"},
		{join(section, []byte{0, 0, 0, 6, 0, 0, 0, 8}), "a block says that it has 8 bytes, which no block has"},
		{join(section, change(nic(6, 0), 40, 1)), "a block of 44 bytes ends as one of 16777260"},
	} {
		_, err := frames(x.data)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v, not %q", err, x.want)
		}
	}
}
