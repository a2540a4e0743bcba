package tap_test

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/internal/tap"
	"dunlin/internal/testcert"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// device is a client of a version at the proxy.
func (r *rig) device(cfg mqtt.Config) *mqtt.Client {
	r.t.Helper()
	client, err := mqtt.Dial(r.t.Context(), r.url(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { client.Close(context.Background()) })
	return client
}

// seen is what OnMessage got.
type seen struct {
	mu    sync.Mutex
	lines []string
}

func (s *seen) message(_ int, sent bool, m *mqtt.Received, _ time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arrow := "< "
	if sent {
		arrow = "> "
	}
	s.lines = append(s.lines, arrow+m.Topic+"="+string(m.Payload))
}

// TestDevicesAreFollowed from CONNECT to DISCONNECT, in each version.
func TestDevicesAreFollowed(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	for _, v := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
		var got seen
		r := start(t, tap.Config{To: broker.URL(), OnMessage: got.message})
		came := make(chan struct{})
		client := r.device(mqtt.Config{ClientID: "kitchen", Version: v})
		_, err := client.Subscribe(t.Context(), mqtt.Subscription{Filter: "a/#", Handler: func(context.Context, *mqtt.Received) { close(came) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Publish(t.Context(), mqtt.Message{Topic: "a/b", Payload: []byte("x"), QoS: 1}); err != nil {
			t.Fatal(err)
		}
		<-came
		if d := r.tap.Devices(); len(d) != 1 || d[0].ClientID != "kitchen" || d[0].Ended != 0 {
			t.Errorf("%v: %+v", v, d)
		}
		client.Close(t.Context())
		if end := r.end(1); end.Who != "client" || !strings.Contains(end.Why, "as it should") {
			t.Errorf("%v: %+v", v, end)
		}
		want := []string{"opened", ">CONNECT", "<CONNACK", ">SUBSCRIBE", "<SUBACK", ">PUBLISH", "<PUBACK", "<PUBLISH", ">DISCONNECT", "closed"}
		types := r.types(1)
		slices.Sort(types[6:8]) // in either order
		slices.Sort(want[6:8])
		if !slices.Equal(types, want) {
			t.Errorf("%v: %v", v, types)
		}
		got.mu.Lock()
		if !slices.Equal(got.lines, []string{"> a/b=x", "< a/b=x"}) {
			t.Errorf("%v: %q", v, got.lines)
		}
		got.mu.Unlock()
	}
}

// TestMessagesHaveTheTopicOfTheirAlias, each direction with its own, and no message that broke off.
func TestMessagesHaveTheTopicOfTheirAlias(t *testing.T) {
	t.Parallel()
	url, accept := listen(t)
	var got seen
	r := start(t, tap.Config{To: url, OnMessage: got.message})
	device := r.connect()
	server := accept()
	alias := packet.Properties(nil).AppendUint(0x23, 1)
	message := func(topic, payload string) []byte {
		return packet.AppendPublish(nil, packet.V5, &packet.Publish{Topic: topic, Payload: []byte(payload), Properties: alias})
	}
	device.Write(connectPacket(packet.V5, "kitchen", 60))
	device.Write(append(message("up", "1"), message("", "2")...))
	device.Write(message("", "3")[:8])
	device.CloseWrite()
	io.ReadAll(server)
	server.Write(append(message("", "4"), message("down", "5")...))
	server.Write(message("", "6"))
	server.Close()
	io.ReadAll(device)
	got.mu.Lock()
	defer got.mu.Unlock()
	if want := []string{"> up=1", "> up=2", "< down=5", "< down=6"}; !slices.Equal(got.lines, want) {
		t.Errorf("%q, want %q", got.lines, want)
	}
}

// TestBeginningsOfPacketsFillNoMemory: devices that send large packets and never end them share a bound, their bytes go on all the
// same, and when they have gone all the room is there again.
func TestBeginningsOfPacketsFillNoMemory(t *testing.T) {
	t.Parallel()
	url, accept := listen(t)
	var got seen
	r := start(t, tap.Config{To: url, OnMessage: got.message})
	const devices = tap.MostHeld/tap.MostMessage + 2
	begin := append([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}, make([]byte, tap.MostMessage)...)
	for range devices {
		device := r.connect()
		server := accept()
		go device.Write(begin)
		if n, err := io.ReadFull(server, make([]byte, len(begin))); err != nil {
			t.Fatalf("%d bytes came: %v", n, err)
		}
	}
	if held := r.tap.Held(); held > tap.MostHeld || held < tap.MostHeld/2 {
		t.Errorf("%d bytes are kept", held)
	}
	if err := r.tap.SetFaults(protocol.Faults{Cut: true}); err != nil {
		t.Fatal(err)
	}
	for id := 1; id <= devices; id++ {
		r.end(id)
	}
	if err := r.tap.Close(); err != nil {
		t.Fatal(err)
	}
	if held := r.tap.Held(); held != 0 {
		t.Errorf("%d bytes are kept when all have gone", held)
	}
}

// TestServerOverTLS: the device speaks plain TCP, the proxy TLS.
func TestServerOverTLS(t *testing.T) {
	t.Parallel()
	ca := testcert.NewAuthority(t)
	broker := mosquitto.Start(t, mosquitto.Options{TLS: ca})
	r := start(t, tap.Config{To: broker.URL()})
	if _, err := mqtt.Dial(t.Context(), r.url(), mqtt.Config{}); err == nil {
		t.Fatal("the proxy takes a certificate of nobody that it knows")
	}
	if end := r.end(1); end.Who != "client" || !strings.Contains(end.Hint, "--cafile") {
		t.Errorf("%+v", end)
	}
	secure := start(t, tap.Config{To: broker.URL(), TLS: tlsConfig(ca)})
	client := secure.device(mqtt.Config{})
	if err := client.Publish(t.Context(), mqtt.Message{Topic: "a", QoS: 1}); err != nil {
		t.Error(err)
	}
	client.Close(t.Context())
	secure.end(1)
}

// connectPacket is the CONNECT of a device of the test.
func connectPacket(v packet.Version, id string, keepAlive uint16) []byte {
	return packet.AppendConnect(nil, &packet.Connect{Version: v, ClientID: id, CleanStart: true, KeepAlive: keepAlive})
}

// TestEndsAtMosquitto are ends that a device meets at a real server, and what is said about them.
func TestEndsAtMosquitto(t *testing.T) {
	t.Parallel()
	plain := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_packet_size 1000"}})
	closed := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "s3cret"}})
	for _, x := range []struct {
		name   string
		broker *mosquitto.Broker
		do     func(t *testing.T, r *rig, device net.Conn)
		who    string
		why    string
		clause string
	}{
		{"a client that is silent", plain, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V311, "silent", 1))
			io.ReadAll(device)
		}, "client", "The client sent nothing for", "MQTT-3.1.2-24"},
		{"another client with the identifier", plain, func(t *testing.T, r *rig, device net.Conn) {
			device.Write(connectPacket(packet.V311, "twin", 60))
			io.ReadFull(device, make([]byte, 4))
			other := r.connect()
			other.Write(connectPacket(packet.V311, "twin", 60))
			io.ReadFull(other, make([]byte, 4))
			io.ReadAll(device)
			other.Close()
			r.end(2)
		}, "client", `Another connection came with the same client identifier "twin"`, "MQTT-3.1.4-2"},
		{"a user that is not known", closed, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V311, "nobody", 60))
			io.ReadAll(device)
		}, "client", "It said 0x05 not authorized.", "3.2.2.3"},
		{"a user that is not known (5)", closed, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V5, "nobody", 60))
			io.ReadAll(device)
		}, "client", "It said 0x87 Not authorized.", "3.2.2.2"},
		{"a packet that is too large (5)", plain, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V5, "large", 60))
			io.ReadFull(device, make([]byte, 4))
			device.Write(packet.AppendPublish(nil, packet.V5, &packet.Publish{Topic: "a", Payload: make([]byte, 2000)}))
			io.ReadAll(device)
		}, "client", "", "MQTT-3.2.2-15"},
		{"a packet that is too large", plain, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V311, "large", 60))
			io.ReadFull(device, make([]byte, 4))
			device.Write(packet.AppendPublish(nil, packet.V311, &packet.Publish{Topic: "a", Payload: make([]byte, 2000)}))
			io.ReadAll(device)
		}, "server", "without a word", "MQTT-4.8.0-1"},
		{"flags that are reserved", plain, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V311, "flags", 60))
			io.ReadFull(device, make([]byte, 4))
			device.Write([]byte{0x80, 6, 0, 1, 0, 1, 'a', 0})
			io.ReadAll(device)
		}, "client", "a SUBSCRIBE with a fault: reserved bits are not 0010", "MQTT-3.8.1-1"},
		{"HTTP", plain, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write([]byte("GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nAuthorization: Basic abcdefgh\r\n\r\n"))
			io.ReadAll(device)
		}, "client", "HTTP", "MQTT-3.1.0-1"},
		{"a device that breaks off", plain, func(_ *testing.T, _ *rig, device net.Conn) {
			device.Write(connectPacket(packet.V311, "lost", 60))
			io.ReadFull(device, make([]byte, 4))
			device.Close()
		}, "client", "The client closed the connection without DISCONNECT.", "MQTT-3.1.2-8"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, tap.Config{To: x.broker.URL()})
			x.do(t, r, r.connect())
			end := r.end(1)
			if x.name == "a packet that is too large" && !strings.Contains(end.Hint, "Mosquitto 2.0.11 before MQTT 5 at a packet above max_packet_size") {
				t.Error(end.Hint)
			}
			if end.Who != x.who || !strings.Contains(end.Why, x.why) || end.Clause != x.clause || end.Hint == "" || len(end.Of) == 0 {
				t.Errorf("%+v", end)
			}
		})
	}
}

// TestKilledServerIsNoFaultOfTheDevice: what is said when the server is gone.
func TestKilledServerIsNoFaultOfTheDevice(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	r := start(t, tap.Config{To: broker.URL()})
	device := r.connect()
	device.Write(connectPacket(packet.V5, "kitchen", 60))
	io.ReadFull(device, make([]byte, 4))
	broker.Kill()
	if end := r.end(1); end.Who != "server" || !strings.Contains(end.Hint, "the server was stopped") {
		t.Errorf("%+v", end)
	}
	if devices := r.tap.Devices(); devices[0].Why == "" || devices[0].ClientID != "kitchen" {
		t.Errorf("%+v", devices)
	}
}
