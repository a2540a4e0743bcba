package packets_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// logged makes a client whose packets and ends go to a log.
func logged(t *testing.T, url string, cfg mqtt.Config) (log *packets.Log, ends chan protocol.End, client *mqtt.Client) {
	t.Helper()
	log, ends = packets.NewLog(0), make(chan protocol.End, 1)
	cfg.OnPacket = log.Traced
	cfg.OnDisconnect = func(err error) { ends <- log.Closed(0, time.Now(), packets.Closed{Err: err}) }
	client, err := mqtt.Dial(t.Context(), url, cfg)
	if err != nil {
		ends <- log.Closed(0, time.Now(), packets.Closed{Err: err})
		return log, ends, nil
	}
	t.Cleanup(func() { client.Close(context.Background()) })
	return log, ends, client
}

// TestOurOwnClientIsLogged in each version at a real server, without a fault in any packet of the two.
func TestOurOwnClientIsLogged(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "s3cret"}})
	for _, v := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
		log, ends, client := logged(t, broker.URL(), mqtt.Config{ClientID: "kitchen", Version: v, Username: "ann", Password: mqtt.Secret("s3cret")})
		came := make(chan struct{})
		_, err := client.Subscribe(t.Context(), mqtt.Subscription{Filter: "a/#", QoS: 2, Handler: func(context.Context, *mqtt.Received) { close(came) }})
		if err != nil {
			t.Fatal(err)
		}
		m := mqtt.Message{Topic: "a/b", Payload: []byte("x"), QoS: 2}
		if v == mqtt.V5 {
			m.Properties = &mqtt.Properties{ContentType: "text/plain", UserProperties: []mqtt.UserProperty{{Name: "a", Value: "b"}}}
		}
		if err := client.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		<-came
		if err := client.Unsubscribe(t.Context(), "a/#"); err != nil {
			t.Fatal(err)
		}
		broker.Stop()
		if end := <-ends; end.Who != "server" && !strings.Contains(end.Why, "reset") { // as Mosquitto ends at times
			t.Errorf("%v: %+v", v, end)
		}
		broker.Restart()
		var types []string
		for _, p := range log.Packets(protocol.Watch{Count: 500}).Packets {
			types = append(types, p.Type)
			d, err := log.Dissect(p.Number)
			if err != nil || p.Fault != "" || p.Type != "closed" && len(d.Fields) < 3 || strings.Contains(string(d.Bytes), "s3cret") {
				t.Errorf("%v: %+v: %v", v, d, err)
			}
		}
		for _, name := range []string{"CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PUBLISH", "PUBREC", "PUBREL", "PUBCOMP", "UNSUBSCRIBE", "UNSUBACK", "closed"} {
			if !slices.Contains(types, name) {
				t.Errorf("%v: no %s among %v", v, name, types)
			}
		}
	}
}

// TestEndsOfOurOwnClient are those that its errors tell.
func TestEndsOfOurOwnClient(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "s3cret"}})
	_, ends, _ := logged(t, broker.URL(), mqtt.Config{Version: mqtt.V5, Username: "ann", Password: mqtt.Secret("wrong")})
	if end := <-ends; end.Who != "client" || !strings.Contains(end.Why, "0x87 Not authorized") || len(end.Of) != 2 {
		t.Errorf("a wrong password: %+v", end)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, ends, _ = logged(t, "mqtt://"+l.Addr().String(), mqtt.Config{})
	if end := <-ends; end.Who != "server" || !strings.Contains(end.Hint, "Nothing listens") {
		t.Errorf("nobody there: %+v", end)
	}
	server := mqtttest.NewServer(t)
	go func() {
		conn := server.Accept()
		conn.Accept()
		conn.Send("30 05 0002 612B 78") // a topic with a wildcard
	}()
	log, ends, _ := logged(t, server.URL(), mqtt.Config{})
	end := <-ends
	if end.Who != "server" || !strings.Contains(end.Why, "a topic holds no wildcards") || end.Clause != "MQTT-3.3.2-2" {
		t.Errorf("a packet that cannot be read: %+v", end)
	}
	if d, err := log.Dissect(end.Of[0]); err != nil || d.Type != "PUBLISH" || d.Fault == "" {
		t.Errorf("%+v: %v", d, err)
	}
}

// TestALossIsToldOnce though OnDisconnect and OnRetry both tell it, and attempts that fail are one end.
func TestALossIsToldOnce(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	log, retried, connected := packets.NewLog(0), make(chan int, 100), make(chan struct{}, 100)
	client, err := mqtt.Dial(t.Context(), broker.URL(), mqtt.Config{
		ClientID: "kitchen", OnPacket: log.Traced, Reconnect: &mqtt.Reconnect{},
		OnConnect:    func(*mqtt.Client) { connected <- struct{}{} },
		OnDisconnect: func(err error) { log.Closed(0, time.Now(), packets.Closed{Err: err}) },
		OnRetry: func(r mqtt.Retry) {
			log.Closed(0, time.Now(), packets.Closed{Err: r.Err})
			retried <- r.Number
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	<-connected
	broker.Stop()
	for {
		if n := <-retried; n >= 3 {
			break
		}
	}
	var ends []string
	for _, e := range log.Packets(protocol.Watch{}).Ends {
		ends = append(ends, e.Why)
	}
	if len(ends) != 2 || !strings.Contains(ends[0], "The ") || !strings.Contains(ends[1], "No connection came about") {
		t.Errorf("%q", ends)
	}
	broker.Restart()
	<-connected
}

// TestAnEndThatIsToldLate belongs to the connection before, and leaves the one that goes on alone.
func TestAnEndThatIsToldLate(t *testing.T) {
	t.Parallel()
	log := packets.NewLog(0)
	add := func(s step) {
		log.Add(0, begun, packets.Packet{Sent: s.sent, Bytes: s.bytes, Size: len(s.bytes)})
	}
	for range 2 {
		add(hello(v3, nil))
		add(welcome(v3, 0, nil))
	}
	for range 2 { // by OnDisconnect and by OnRetry
		if end := log.Closed(0, begun, packets.Closed{Err: mqtt.ErrServerClosed}); end.Number != 5 || !slices.Contains(end.Of, 2) {
			t.Errorf("%+v", end)
		}
	}
	add(step{bytes: []byte{0xD0, 0}})
	if end := log.Closed(0, begun, packets.Closed{Err: mqtt.ErrServerClosed}); end.Number != 7 || !slices.Contains(end.Of, 6) {
		t.Errorf("%+v", end)
	}
	if all := log.Packets(protocol.Watch{}).Ends; len(all) != 2 {
		t.Errorf("%+v", all)
	}
}
