package tap_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"pgregory.net/rapid"

	"dunlin/internal/tap"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt/mqtttest/packet"
)

// write writes b in pieces, which are not too many, and ends the direction.
func write(conn *net.TCPConn, b []byte, pieces []int) {
	least := len(b) / 500
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), max(least, pieces[i%len(pieces)]))
		if _, err := conn.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
	conn.CloseWrite()
}

// TestBytesPassUnchanged sends packets and what is none both ways at once, in pieces of any size.
func TestBytesPassUnchanged(t *testing.T) {
	t.Parallel()
	url, accept := listen(t)
	r := start(t, tap.Config{To: url})
	rapid.Check(t, func(rt *rapid.T) {
		noise := rapid.Custom(func(t *rapid.T) []byte {
			b := make([]byte, rapid.IntRange(1, 300).Draw(t, "size"))
			rand.NewChaCha8([32]byte{rapid.Byte().Draw(t, "seed")}).Read(b)
			return b
		})
		packet := rapid.OneOf(
			noise,
			rapid.Just([]byte{0x30, 5, 0, 1, 'a', 'x', 'y'}),
			rapid.Just([]byte{0xC0, 0}),
			rapid.Just(append([]byte{0x30, 0x80, 0x80, 0x04}, make([]byte, 1<<16)...)),
		)
		up := bytes.Join(rapid.SliceOfN(packet, 1, 40).Draw(rt, "up"), nil)
		down := bytes.Join(rapid.SliceOfN(packet, 1, 40).Draw(rt, "down"), nil)
		pieces := rapid.SliceOfN(rapid.IntRange(1, 70000), 1, 5).Draw(rt, "pieces")
		device := r.connect()
		server := accept()
		go write(device, up, pieces)
		go write(server, down, pieces)
		gotUp, errUp := io.ReadAll(server)
		gotDown, errDown := io.ReadAll(device)
		if errUp != nil || errDown != nil {
			rt.Fatal(errUp, errDown)
		}
		if !bytes.Equal(gotUp, up) || !bytes.Equal(gotDown, down) {
			rt.Fatalf("%d and %d bytes came of %d and %d, or others", len(gotUp), len(gotDown), len(up), len(down))
		}
	})
}

// TestOneSideMayEndItsDirection: after the device has ended its direction, it still gets what the server says.
func TestOneSideMayEndItsDirection(t *testing.T) {
	t.Parallel()
	url, accept := listen(t)
	r := start(t, tap.Config{To: url})
	device := r.connect()
	server := accept()
	device.Write([]byte{0xE0, 0})
	device.CloseWrite()
	if got, err := io.ReadAll(server); err != nil || !bytes.Equal(got, []byte{0xE0, 0}) {
		t.Fatal(got, err)
	}
	server.Write([]byte{0xD0, 0})
	server.Close()
	if got, err := io.ReadAll(device); err != nil || !bytes.Equal(got, []byte{0xD0, 0}) {
		t.Fatal(got, err)
	}
}

// TestResetIsPassedOn: a side whose connection is reset does not look to the other one as if it ended in order.
func TestResetIsPassedOn(t *testing.T) {
	t.Parallel()
	url, accept := listen(t)
	r := start(t, tap.Config{To: url})
	device := r.connect()
	server := accept()
	hello := connectPacket(packet.V311, "kitchen", 60)
	device.Write(hello)
	io.ReadFull(server, make([]byte, len(hello)))
	server.SetLinger(0)
	server.Close()
	if _, err := io.ReadAll(device); err == nil {
		t.Error("the device saw an end in order")
	}
	if end := r.end(1); end.Who != "server" || end.Why != "The server closed the connection without an answer to CONNECT." {
		t.Errorf("%+v", end)
	}
}

// TestServerOutOfReachIsTold tells device and log.
func TestServerOutOfReachIsTold(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := start(t, tap.Config{To: l.Addr().String()})
	r.turnedAway()
	if end := r.end(1); end.Who != "server" || end.Hint != "Nothing listens at that port: start the server, or check the port." {
		t.Errorf("%+v", end)
	}
}

// TestURLOfTheServerIsChecked: what could not work is said at the start.
func TestURLOfTheServerIsChecked(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"", "gopher://a", "mqtt://ann:word@localhost"} {
		if tapped, err := tap.Start(t.Context(), tap.Config{Listen: "127.0.0.1:0", To: to}); err == nil {
			tapped.Close()
			t.Errorf("%q is taken", to)
		}
	}
}

// TestFaultsAreChecked: what could not be done is said.
func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	r := start(t, tap.Config{To: "mqtt://localhost"})
	for _, f := range []protocol.Faults{
		{Delay: -1}, {Jitter: 1 << 30}, {Drop: 101}, {Way: "sideways"}, {Types: "PUBLISH,PUBLICATION"}, {Device: 7}, {Drop: 1, Types: "reserved"},
	} {
		if err := r.tap.SetFaults(f); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
	if err := r.tap.SetFaults(protocol.Faults{Drop: 50, Types: "publish, PUBACK", Way: "down", Delay: 5, Jitter: 3}); err != nil {
		t.Error(err)
	}
	if got := r.tap.Faults(); got.Drop != 50 || got.Way != "down" {
		t.Errorf("%+v", got)
	}
}
