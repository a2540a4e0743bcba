package broker_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/broker"
	"dunlin/mqtt"
)

func TestParseFault(t *testing.T) {
	ms := time.Millisecond
	for text, want := range map[string]broker.Fault{
		"drop=1%,delay=50ms,kick=30s":        {Drop: 0.01, Delay: 50 * ms, Kick: 30 * time.Second},
		"delay=10ms-200ms":                   {Delay: 10 * ms, DelayMax: 200 * ms},
		"refuse=10%,seed=7":                  {Refuse: 0.1, Seed: 7},
		"drop=0.01%, refuse=100%":            {Drop: 0.0001, Refuse: 1},
		"seed=18446744073709551615,kick=1ms": {Kick: ms, Seed: 1<<64 - 1},
	} {
		got, err := broker.ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := broker.ParseFault(got.String()); err != nil || again != got {
			t.Errorf("%s is written as %q, which is read as %+v, %v", text, got, again, err)
		}
	}
	if got := (broker.Fault{}).String(); got != "" {
		t.Errorf("no fault is written as %q", got)
	}
	for text, want := range map[string]string{
		"":                  "is not NAME=VALUE",
		"drop":              "is not NAME=VALUE",
		"drop=1%,drop=2%":   "twice",
		"loss=1%":           `"loss" is not known`,
		"drop=101%":         "share between 0 and 100%",
		"drop=-1%":          "share between 0 and 100%",
		"refuse=NaN%":       "share between 0 and 100%",
		"drop=1":            "drop=1 is a number without %; one in a hundred is drop=1%",
		"refuse=0.5":        "refuse=0.5 is a number without %; one in a hundred is refuse=1%",
		"drop=x%":           "drop=x% cannot be read",
		"delay=50":          "delay=50 cannot be read",
		"delay=-5ms":        "delay=-5ms cannot be read",
		"delay=5ms-":        "delay=5ms- cannot be read",
		"delay=200ms-100ms": "ends before it begins",
		"delay=25h":         "longer than 24h",
		"kick=0s":           "not a positive time",
		"kick=-1s":          "not a positive time",
		"seed=-1":           "seed=-1 cannot be read",
	} {
		if _, err := broker.ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := broker.Start(t.Context(), broker.Config{Fault: broker.Fault{Drop: 2}}); err == nil {
		t.Error("a broker started that drops 200%")
	}
}

// A broker without faults leaves connections as they are.
func TestNoFault(t *testing.T) {
	conn, _ := net.Pipe()
	defer conn.Close()
	faulty, settled := broker.FaultyConn(conn, broker.Fault{Seed: 7}, nil)
	if settled(); faulty != conn {
		t.Error("the connection was wrapped")
	}
	b := start(t, broker.Config{})
	roundTrip(t, b.Addr())
	if got := b.Faults(); got != (broker.FaultCounts{}) || b.Fault() != (broker.Fault{}) {
		t.Errorf("faults %+v of %+v", got, b.Fault())
	}
}

// arrivals publishes 500 numbered messages of QoS 0 to itself, and returns those that come.
func arrivals(t *testing.T, fault broker.Fault) ([]uint16, broker.FaultCounts) {
	t.Helper()
	b := start(t, broker.Config{Fault: fault})
	conn := dial(t, b.Addr(), connect311, []byte{0x82, 6, 0, 1, 0, 1, 'a', 0})
	read(t, conn, len(connack311)+5)
	send(t, conn, publishes(500, 0))
	var came []uint16
	packets := make(chan []byte, 500)
	go func() {
		defer close(packets)
		for packet := make([]byte, 8); ; packet = make([]byte, 8) {
			if _, err := io.ReadFull(conn, packet); err != nil {
				return
			}
			packets <- packet
		}
	}()
	// The last may be dropped, of which nothing tells but the count.
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for len(came)+int(b.Faults().Dropped) < 500 {
		select {
		case packet, ok := <-packets:
			if !ok {
				t.Fatalf("the end after %d messages and %+v", len(came), b.Faults())
			}
			came = append(came, binary.BigEndian.Uint16(packet[5:]))
		case <-look.C:
		}
	}
	return came, b.Faults()
}

func TestDroppedMessages(t *testing.T) {
	all, counts := arrivals(t, broker.Fault{Seed: 7, Refuse: 1e-12})
	if len(all) != 500 || counts.Dropped != 0 {
		t.Fatalf("without drop %d of 500 messages came, %d dropped", len(all), counts.Dropped)
	}
	first, counts := arrivals(t, broker.Fault{Seed: 7, Drop: 0.25})
	if len(first)+int(counts.Dropped) != 500 || len(first) < 200 || len(first) > 360 { // three in four, twice
		t.Errorf("%d of 500 messages came, %d were dropped", len(first), counts.Dropped)
	}
	if !slices.IsSorted(first) {
		t.Errorf("the order changed: %v", first)
	}
	if again, _ := arrivals(t, broker.Fault{Seed: 7, Drop: 0.25}); !slices.Equal(first, again) {
		t.Error("the same seed dropped other messages")
	}
	if other, _ := arrivals(t, broker.Fault{Seed: 8, Drop: 0.25}); slices.Equal(first, other) {
		t.Error("another seed dropped the same messages")
	}
}

// What is dropped on its way in is not answered, and what comes again is taken.
func TestDroppedAtQoS1And2IsUnanswered(t *testing.T) {
	b := start(t, broker.Config{Fault: broker.Fault{Drop: 1}})
	conn := dial(t, b.Addr(), connect5, []byte{0x32, 6, 0, 1, 'a', 0, 1, 0}, []byte{0x34, 6, 0, 1, 'a', 0, 2, 0}, []byte{0xC0, 0})
	next(t, conn)
	if kind, _ := next(t, conn); kind != 13 {
		t.Errorf("got a packet of type %d, want PINGRESP", kind)
	}
	if got := b.Faults().Dropped; got != 2 {
		t.Errorf("%d dropped, want 2", got)
	}
	if b.Fault().Seed == 0 {
		t.Error("the seed that was taken is not told")
	}
}

// A topic alias is known though the PUBLISH that set it was dropped.
func TestDropKeepsTopicAliases(t *testing.T) {
	for seed := uint64(1); seed < 20; seed++ {
		b := start(t, broker.Config{Fault: broker.Fault{Drop: 0.5, Seed: seed}})
		set := []byte{0x30, 7, 0, 1, 'a', 3, 0x23, 0, 1}
		use := []byte{0x30, 6, 0, 0, 3, 0x23, 0, 1}
		conn := dial(t, b.Addr(), connect5, set, use, use, []byte{0xC0, 0})
		next(t, conn)
		if kind, body := next(t, conn); kind != 13 {
			t.Fatalf("seed %d: got a packet of type %d, % x, want PINGRESP", seed, kind, body)
		}
	}
}

// pingresp and message are packets of different lengths to a client.
var (
	pingresp = []byte{0xD0, 0}
	message  = []byte{0x30, 4, 0, 1, 'a', 'm'}
)

func TestDelayedPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		began := time.Now()
		conn, settled := broker.FaultyConn(server, broker.Fault{Delay: 50 * time.Millisecond}, nil)
		// A packet may be written in pieces, and two at once; that takes no time.
		for _, b := range [][]byte{message[:3], append(bytes.Clone(message[3:]), pingresp...)} {
			if _, err := conn.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(began) != 0 {
			t.Errorf("writing took %v", time.Since(began))
		}
		if err := conn.Close(); err != nil { // what was written comes all the same
			t.Fatal(err)
		}
		if _, err := conn.Write(pingresp); err == nil {
			t.Error("a closed connection took a packet")
		}
		got, err := io.ReadAll(client)
		if want := append(bytes.Clone(message), pingresp...); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got % x, %v, want % x", got, err, want)
		}
		if late := time.Since(began); late != 50*time.Millisecond {
			t.Errorf("came after %v, want 50ms", late)
		}
		settled()
	})
}

func TestDelayRangeKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		began := time.Now()
		conn, settled := broker.FaultyConn(server, broker.Fault{Delay: 10 * time.Millisecond, DelayMax: 200 * time.Millisecond, Seed: 7}, nil)
		const packets = 50
		for i := range byte(packets) {
			if _, err := conn.Write([]byte{0x40, 2, 0, i}); err != nil {
				t.Fatal(err)
			}
		}
		times := make(map[time.Duration]bool)
		for i := range byte(packets) {
			if _, body := next(t, client); body[1] != i {
				t.Fatalf("packet %d came as number %d", body[1], i)
			}
			late := time.Since(began)
			if times[late] = true; late < 10*time.Millisecond || late > 200*time.Millisecond {
				t.Errorf("packet %d is %v late", i, late)
			}
		}
		if len(times) < 3 {
			t.Errorf("%d different delays", len(times))
		}
		conn.Close()
		settled()
	})
}

// Who does not read what is late holds the writer up, and nobody else.
func TestDelayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server := net.Pipe() // nobody reads
		closing := make(chan struct{})
		conn, settled := broker.FaultyConn(server, broker.Fault{Delay: time.Millisecond}, closing)
		written := make(chan int)
		go func() {
			n := 0
			for ; n < 100; n++ { // without a bound it would go on for ever
				if _, err := conn.Write(append([]byte{0x30, 0x84, 0x80, 4, 0, 1, 'a'}, make([]byte, 65537)...)); err != nil {
					break
				}
			}
			written <- n
		}()
		synctest.Wait()
		conn.Close()
		if n := <-written; n < 10 || n > 20 {
			t.Errorf("%d packets of 64 KiB waited, want about 16, which are 1 MiB", n)
		}
		close(closing)
		began := time.Now()
		if settled(); time.Since(began) > 2*time.Second {
			t.Errorf("it took %v to give up", time.Since(began))
		}
	})
}

func TestKick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := make(map[time.Duration]bool)
		for seed := range uint64(20) {
			client, server := net.Pipe()
			began := time.Now()
			_, settled := broker.FaultyConn(server, broker.Fault{Kick: 30 * time.Second, Seed: seed + 1}, nil)
			if rest, err := io.ReadAll(client); err != nil || len(rest) > 0 {
				t.Errorf("got % x, %v, want the end and no word", rest, err)
			}
			if lived := time.Since(began); lived < 15*time.Second || lived > 45*time.Second {
				t.Errorf("cut after %v", lived)
			} else {
				times[lived] = true
			}
			settled()
		}
		if len(times) < 10 {
			t.Errorf("%d different times", len(times))
		}
	})
}

// A connection that ends before its time is not cut later.
func TestKickEndsWithTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server := net.Pipe()
		conn, settled := broker.FaultyConn(server, broker.Fault{Kick: time.Second, Delay: time.Millisecond}, nil)
		conn.Close()
		settled()
		<-time.After(2 * time.Second)
		if n := settled().Kicked; n != 0 {
			t.Errorf("%d connections cut", n)
		}
	})
}

func TestRefuse(t *testing.T) {
	b := start(t, broker.Config{Fault: broker.Fault{Refuse: 1, Delay: time.Millisecond}})
	if got := read(t, dial(t, b.Addr(), connect311), 4); !bytes.Equal(got, []byte{0x20, 2, 0, 3}) {
		t.Errorf("MQTT 3.1.1: got % x, want CONNACK 3", got)
	}
	if kind, body := next(t, dial(t, b.Addr(), connect5)); kind != 2 || body[1] != 0x88 {
		t.Errorf("MQTT 5: got % x, want CONNACK 0x88", body)
	}
	b = start(t, broker.Config{Fault: broker.Fault{Refuse: 0.5, Seed: 7}})
	accepted := 0
	for range 40 {
		conn := dial(t, b.Addr(), connect311)
		if read(t, conn, 4)[3] == 0 {
			accepted++
		}
		conn.Close()
	}
	if refused := b.Faults().Refused; accepted+int(refused) != 40 || refused < 8 || refused > 32 {
		t.Errorf("%d of 40 accepted, %d refused", accepted, refused)
	}
}

// Everything at once loses nothing of QoS 1 to a client that
// reconnects and keeps its session.
func TestNothingOfQoS1IsLostThroughFaults(t *testing.T) {
	fault, err := broker.ParseFault("drop=10%,delay=1ms-3ms,kick=200ms,refuse=20%,seed=7")
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, broker.Config{Fault: fault})
	const messages = 300
	came := make(chan string, 100*messages)
	connect := func(id string) *mqtt.Client {
		client, err := mqtt.Dial(t.Context(), "mqtt://"+b.Addr(), mqtt.Config{
			ClientID: id, KeepSession: true, Version: mqtt.V311,
			Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond, Background: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = client.Close(ctx) // the connection may have been cut
		})
		return client
	}
	subscriber := connect("subscriber")
	_, err = subscriber.Subscribe(t.Context(), mqtt.Subscription{Filter: "n", QoS: mqtt.AtLeastOnce, Handler: func(_ context.Context, m *mqtt.Received) {
		came <- string(m.Payload)
	}})
	if err != nil {
		t.Fatal(err)
	}
	publisher := connect("publisher")
	published := make(chan error, messages)
	for i := range messages {
		go func() {
			published <- publisher.Publish(t.Context(), mqtt.Message{Topic: "n", Payload: []byte(strconv.Itoa(i)), QoS: mqtt.AtLeastOnce})
		}()
	}
	for range messages {
		if err := <-published; err != nil {
			t.Fatal(err)
		}
	}
	missing := make(map[string]bool)
	for i := range messages {
		missing[strconv.Itoa(i)] = true
	}
	for limit := time.After(60 * time.Second); len(missing) > 0; {
		select {
		case m := <-came:
			delete(missing, m)
		case <-limit:
			t.Fatalf("%d messages are lost; faults %+v", len(missing), b.Faults())
		}
	}
	if c := b.Faults(); c.Dropped == 0 || c.Delayed == 0 || c.Kicked == 0 {
		t.Errorf("too few faults to show anything: %+v", c)
	}
}
