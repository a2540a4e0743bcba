package link

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

// feed sends data over a link in pieces of the given sizes, the last one
// repeated, and returns what the owner was told and how the link ended.
func feed(data, sizes []byte, endures bool) (notes []string, end error) {
	r := &recorder{ended: make(chan error, 1), endures: endures}
	ours, peer := net.Pipe()
	Start(ours, r, Config{ReadBuffer: 16, MaxPacket: 300, StreamLarge: true, Linger: time.Second, WriteStalls: r.writeStalls})
	for i := 0; len(data) > 0; i++ {
		n := len(data)
		if len(sizes) > 0 {
			n = min(n, 1+int(sizes[min(i, len(sizes)-1)]))
		}
		if _, err := peer.Write(data[:n]); err != nil {
			break // refused; what was told before counts
		}
		data = data[n:]
	}
	_ = peer.Close() // the link ends with it
	end = <-r.ended
	return r.notes, end
}

// FuzzChunks compares any cutting of the input with the whole.
func FuzzChunks(f *testing.F) {
	f.Add(stream, []byte{0})
	f.Add(stream, []byte{3, 0, 7})
	f.Add([]byte("\x30\xAF\x02\x00\x01t"+string(make([]byte, 300))+"\xD0\x00"), []byte{20})
	f.Add([]byte("\x30\xFF\xFF\xFF\x7F\x00\x01t123"), []byte{1})
	f.Add([]byte("\x30\xFF\xFF\xFF\xFF"), []byte{0})
	f.Add([]byte("\x36\x05\x00\x01t\x00\x01\x41\x02\x00\x01\x36\xAF\x02\x00\x01t"+string(make([]byte, 300))+"\xD0\x00"), []byte{0})
	f.Fuzz(func(t *testing.T, data, sizes []byte) {
		for _, endures := range []bool{false, true} {
			want, wantEnd := feed(data, nil, endures)
			got, end := feed(data, sizes, endures)
			if !slices.Equal(got, want) {
				t.Errorf("cut by %d: %q, whole: %q", sizes, got, want)
			}
			if errors.Is(end, ErrClean) != errors.Is(wantEnd, ErrClean) {
				t.Errorf("cut by %d: %v, whole: %v", sizes, end, wantEnd)
			}
		}
	})
}
