package mqtt_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

// awsIoT is AWS IoT Core: 8 filters a SUBSCRIBE, 100 publishes in flight, 128 KiB of payload and a keep
// alive of 30 to 1,200 s are quotas of the AWS General Reference, "AWS IoT Core endpoints and
// quotas", message broker and protocol limits. That QoS 2 gets no answer is in the AWS IoT developer
// guide, "MQTT", differences from the specification. With MQTT 5 the server says what it takes.
func awsIoT(versions ...packet.Version) *cloud {
	return &cloud{
		versions: versions, filters: 8, inFlight: 100, payload: 128 << 10,
		keepAlive: [2]time.Duration{30 * time.Second, 1200 * time.Second}, ignoresQoS2: true, answersAfter: 200 * time.Millisecond,
		says: packet.Properties{}.AppendUint(wire.ReceiveMaximum, 100).AppendUint(wire.MaximumQoS, 1).AppendUint(wire.ServerKeepAlive, 1200),
	}
}

// iotHub is Azure IoT Hub, by "Communicate with an IoT hub using the MQTT protocol" of Microsoft
// Learn: MQTT 3.1.1, user name {hub}/{device}/?api-version=..., fixed topics, five
// subscriptions, QoS 2 closes the connection, a retained message is passed on and not kept, 256
// KiB, keep alive up to 1,177 s.
func iotHub() *cloud {
	return &cloud{
		versions: []packet.Version{packet.V311}, filters: 5, inFlight: 65535, payload: 256 << 10,
		keepAlive: [2]time.Duration{time.Second, 1177 * time.Second}, closesAtQoS2: true,
		login: func(p *packet.Connect) bool {
			return p.ClientID == "lamp" && p.Username == "hub.azure-devices.net/lamp/?api-version=2021-04-12" && strings.HasPrefix(string(p.Password), "SharedAccessSignature ")
		},
		takesTopic: func(topic string) bool { return strings.HasPrefix(topic, "devices/lamp/messages/events/") },
		takesFilter: func(f string) bool {
			return f == "devices/lamp/messages/devicebound/#" || strings.HasPrefix(f, "$iothub/")
		},
	}
}

// eventGrid is the MQTT broker of Azure Event Grid, by "MQTT features supported by Azure Event Grid"
// of Microsoft Learn: Maximum QoS 1, no retained messages, no shared subscriptions, no
// subscription identifiers, 512 KiB a packet, 10 topic aliases, keep alive up to 1,160 s; MQTT 3.1.1 closes the
// connection at QoS 2 and at a retained publish, MQTT 5 at a PUBACK with a failure.
func eventGrid(versions ...packet.Version) *cloud {
	return &cloud{
		versions: versions, filters: 100, inFlight: 65535, payload: 512 << 10,
		keepAlive: [2]time.Duration{time.Second, 1160 * time.Second}, closesAtQoS2: true, closesRetain: true, closesReject: true,
		login: func(p *packet.Connect) bool { return p.ClientID != "" && p.Username == "lamp-1" },
		says: packet.Properties{}.AppendUint(wire.MaximumQoS, 1).AppendUint(wire.RetainAvailable, 0).
			AppendUint(wire.MaximumPacketSize, 512<<10).AppendUint(wire.TopicAliasMaximum, 10).
			AppendUint(wire.SubscriptionIdentifierAvailable, 0).AppendUint(wire.SharedSubscriptionAvailable, 0).
			AppendUint(wire.ServerKeepAlive, 1160),
	}
}

// awsConfig, iotHubConfig and eventGridConfig are those of docs/CLOUDS.md, without TLS.
func awsConfig(v mqtt.Version) mqtt.Config {
	return mqtt.Config{
		Version: v, ClientID: "lamp", KeepSession: true, Reconnect: &mqtt.Reconnect{},
		Limits: mqtt.Limits{InFlight: 100, InFlightQoS2: -1},
	}
}

func iotHubConfig() mqtt.Config {
	return mqtt.Config{
		Version: mqtt.V311, ClientID: "lamp", KeepSession: true, Reconnect: &mqtt.Reconnect{},
		Username: "hub.azure-devices.net/lamp/?api-version=2021-04-12",
		Password: mqtt.Secret("SharedAccessSignature sr=hub.azure-devices.net%2Fdevices%2Flamp&sig=x%3D&se=1"),
		Limits:   mqtt.Limits{InFlightQoS2: -1},
	}
}

func eventGridConfig(v mqtt.Version) mqtt.Config {
	return mqtt.Config{
		Version: v, ClientID: "lamp-session", Username: "lamp-1", KeepSession: true, Reconnect: &mqtt.Reconnect{},
		Limits: mqtt.Limits{InFlightQoS2: -1},
	}
}

// checkUnbroken checks that the client kept all rules of c, on one connection.
func checkUnbroken(t *testing.T, c *cloud) {
	t.Helper()
	synctest.Wait()
	if broken, connects, _, _ := c.state(); broken != nil || len(connects) != 1 {
		t.Errorf("broken rules %q, %d connections", broken, len(connects))
	}
}

// refuses checks that err refuses unsent, in one line with that word.
func refuses(t *testing.T, err error, word string) {
	t.Helper()
	if !errors.Is(err, mqtt.ErrNotSent) || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want %q", err, word)
	}
}

var bothVersions = []packet.Version{packet.V311, packet.V5}

func TestCloudOfAWSTakesABurst(t *testing.T) {
	for _, v := range bothVersions {
		synctest.Test(t, func(t *testing.T) {
			server := awsIoT(v)
			c := dialCloud(t, server, awsConfig(mqtt.Version(v)))
			for i := range 1000 {
				must(t, errorOf(c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", Payload: fmt.Append(nil, i), QoS: 1}, nil)))
			}
			<-time.After(time.Minute)
			checkUnbroken(t, server)
			if _, _, taken, most := server.state(); taken != 1000 || most != 100 {
				t.Errorf("%d taken, %d in flight", taken, most)
			}
		})
	}
}

// TestCloudsWithoutQoS2RefuseItAtOnce: by Limits.InFlightQoS2, or, in MQTT 5, by the server's own word.
func TestCloudsWithoutQoS2RefuseItAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		server *cloud
		cfg    mqtt.Config
	}{
		"AWS IoT Core, 3.1.1":     {awsIoT(packet.V311), awsConfig(mqtt.V311)},
		"AWS IoT Core, 5":         {awsIoT(packet.V5), awsConfig(mqtt.V5)},
		"Azure IoT Hub":           {iotHub(), iotHubConfig()},
		"Azure Event Grid, 3.1.1": {eventGrid(packet.V311), eventGridConfig(mqtt.V311)},
		"Azure Event Grid, 5":     {eventGrid(packet.V5), eventGridConfig(mqtt.V5)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dialCloud(t, test.server, test.cfg)
				refuses(t, c.Publish(t.Context(), mqtt.Message{Topic: "devices/lamp/messages/events/", QoS: 2}), "the server has no QoS 2")
				refuses(t, errorOf(c.Subscribe(t.Context(), mqtt.Subscription{Filter: "f", QoS: 2})), "has no QoS 2")
				must(t, c.Publish(t.Context(), mqtt.Message{Topic: "devices/lamp/messages/events/", QoS: 1}))
				checkUnbroken(t, test.server)
			})
		})
	}
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.VersionAuto} { // also before there is a connection
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, version, func(cfg *mqtt.Config) { cfg.Reconnect.Background, cfg.Limits.InFlightQoS2 = true, -1 })
			s.net.refuses(nobody)
			must(t, <-s.start())
			err := errorOf(s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 2}, nil))
			if !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, mqtt.ErrNoQoS2) {
				t.Errorf("publish: %v", err)
			}
			refuses(t, errorOf(s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "f", QoS: 2}}, nil)), "has no QoS 2")
		})
	}
}

// TestCloudOfAWSTakesEightFilters: at nine it closes the connection, and the error says what to do.
func TestCloudOfAWSTakesEightFilters(t *testing.T) {
	for _, v := range bothVersions {
		synctest.Test(t, func(t *testing.T) {
			var subs []mqtt.Subscription
			for i := range 9 {
				subs = append(subs, mqtt.Subscription{Filter: fmt.Sprintf("f%d", i), Handler: func(context.Context, *mqtt.Received) {}})
			}
			cfg := awsConfig(mqtt.Version(v))
			cfg.Reconnect = nil
			c := dialCloud(t, awsIoT(v), cfg)
			must(t, errorOf(c.Subscribe(t.Context(), subs[:8]...)))
			err := errorOf(c.Subscribe(t.Context(), subs...))
			if !errors.Is(err, mqtt.ErrInDoubt) || !strings.Contains(err.Error(), "some servers take fewer topic filters at once (AWS IoT Core 8): use several calls") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestPayloadThatACloudDoesNotTakeIsPutAside: before MQTT 5 it says so by closing the connection. The message
// ends with a word, and the others go on.
func TestPayloadThatACloudDoesNotTakeIsPutAside(t *testing.T) {
	for _, test := range []struct {
		server *cloud
		cfg    mqtt.Config
		size   int
	}{
		{awsIoT(packet.V311), awsConfig(mqtt.V311), 128 << 10},
		{iotHub(), iotHubConfig(), 256 << 10},
		{eventGrid(packet.V311), eventGridConfig(mqtt.V311), 512 << 10},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := dialCloud(t, test.server, test.cfg)
			m := mqtt.Message{Topic: "devices/lamp/messages/events/", QoS: 1, Payload: make([]byte, test.size+1)}
			large, err := c.PublishAsync(t.Context(), m, nil)
			must(t, err)
			m.Payload = m.Payload[:test.size]
			other, err := c.PublishAsync(t.Context(), m, nil)
			must(t, err)
			<-large.Done()
			checkError(t, large.Err(), mqtt.ErrQuarantined)
			<-other.Done()
			checkError(t, other.Err())
		})
	}
	synctest.Test(t, func(t *testing.T) { // MQTT 5: unsent
		c := dialCloud(t, eventGrid(packet.V5), eventGridConfig(mqtt.V5))
		refuses(t, c.Publish(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: make([]byte, 512<<10)}), "Maximum Packet Size of 524288")
	})
}

// TestKeepAliveOfClouds: an idle client stays connected, with a keep alive that the cloud takes, or that it replaces in MQTT 5.
func TestKeepAliveOfClouds(t *testing.T) {
	for _, test := range []struct {
		server *cloud
		cfg    mqtt.Config
		keep   time.Duration
	}{
		{awsIoT(packet.V311), awsConfig(mqtt.V311), 10 * time.Second}, // the server takes 30 s
		{awsIoT(packet.V311), awsConfig(mqtt.V311), 0},
		{awsIoT(packet.V311), awsConfig(mqtt.V311), 1200 * time.Second},
		{awsIoT(packet.V5), awsConfig(mqtt.V5), time.Hour}, // the server says 1,200 s
		{iotHub(), iotHubConfig(), 1177 * time.Second},
		{eventGrid(packet.V311), eventGridConfig(mqtt.V311), 1160 * time.Second},
		{eventGrid(packet.V5), eventGridConfig(mqtt.V5), time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			test.cfg.KeepAlive = test.keep
			dialCloud(t, test.server, test.cfg)
			<-time.After(24 * time.Hour)
			checkUnbroken(t, test.server)
		})
	}
}

// TestIoTHubIsReachedByVersionAuto: it does not speak MQTT 5 and is asked for it twice only.
func TestIoTHubIsReachedByVersionAuto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cfg := iotHub(), iotHubConfig()
		cfg.Version = mqtt.VersionAuto
		c := dialCloud(t, server, cfg)
		must(t, c.Publish(t.Context(), mqtt.Message{Topic: "devices/lamp/messages/events/$.ct=application%2Fjson", QoS: 1, Retain: true}))
		for range 2 {
			server.mu.Lock()
			server.current.Close()
			server.mu.Unlock()
			<-time.After(time.Hour)
		}
		_, connects, _, _ := server.state()
		var versions []packet.Version
		for _, p := range connects {
			versions = append(versions, p.Version)
		}
		if !slices.Equal(versions, []packet.Version{packet.V5, packet.V311, packet.V5, packet.V311, packet.V311}) {
			t.Errorf("asked for %v", versions)
		}
	})
}

// TestIoTHubKeepsTheSession: a later connection goes on with it, and asks for nothing again.
func TestIoTHubKeepsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := iotHub()
		c := dialCloud(t, server, iotHubConfig())
		got := make(chan string, 1)
		must(t, errorOf(c.Subscribe(t.Context(), mqtt.Subscription{
			Filter: "devices/lamp/messages/devicebound/#", QoS: 1,
			Handler: func(_ context.Context, m *mqtt.Received) { got <- m.Topic },
		})))
		server.mu.Lock()
		server.current.Close()
		server.mu.Unlock()
		<-time.After(time.Hour)
		server.mu.Lock()
		current, kept := server.current, len(server.kept)
		server.mu.Unlock()
		if !c.ConnAck().SessionPresent || kept != 1 {
			t.Errorf("%+v, %d subscriptions", c.ConnAck(), kept)
		}
		p := packet.Publish{Topic: "devices/lamp/messages/devicebound/%24.mid=1&a", QoS: 1, PacketID: 1}
		_, err := current.Write(packet.AppendPublish(nil, packet.V311, &p))
		must(t, err)
		if topic := <-got; topic != p.Topic {
			t.Errorf("got %s", topic)
		}
	})
}

func TestEventGridRefusesInMQTT5WhatItDoesNotHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := eventGrid(packet.V5)
		c := dialCloud(t, server, eventGridConfig(mqtt.V5))
		refuses(t, c.Publish(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Retain: true}), "does not support retained messages")
		refuses(t, errorOf(c.Subscribe(t.Context(), mqtt.Subscription{Filter: "$share/g/t"})), "no shared subscriptions")
		refuses(t, errorOf(c.Subscribe(t.Context(), mqtt.Subscription{Filter: "t", ID: 1})), "no subscription identifiers")
		_, err := c.Subscribe(t.Context(), mqtt.Subscription{Filter: "t", QoS: 1, Handler: func(context.Context, *mqtt.Received) {}})
		must(t, err)
		for i := range 20 { // more topics than aliases
			must(t, c.Publish(t.Context(), mqtt.Message{Topic: fmt.Sprint("t", i), QoS: 1}))
		}
		checkUnbroken(t, server)
	})
}

// TestRetainedMessagesForEventGridBefore5ArePutAside: it closes the connection at each.
func TestRetainedMessagesForEventGridBefore5ArePutAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dialCloud(t, eventGrid(packet.V311), eventGridConfig(mqtt.V311))
		checkError(t, c.Publish(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Retain: true}), mqtt.ErrQuarantined)
		must(t, c.Publish(t.Context(), mqtt.Message{Topic: "t", QoS: 1}))
	})
}

// TestAWSByPort443: MQTT is told from HTTP by ALPN there, and a custom authorizer is named in the user name.
func TestAWSByPort443(t *testing.T) {
	for _, test := range []struct {
		alpn, username string
		password       mqtt.Secret
	}{
		{"x-amzn-mqtt-ca", "", nil}, // with a certificate of the client
		{"mqtt", "ann?x-amz-customauthorizer-name=gate&x-amz-customauthorizer-signature=a%2Fb%3D&token=x", mqtt.Secret("p")},
	} {
		cfg := mqtt.Config{ClientID: "lamp", Username: test.username, Password: test.password}
		peers := pipeTLS(t, &cfg)
		cfg.Transport.TLS.NextProtos = []string{test.alpn}
		dialed := async(func() error {
			c, err := mqtt.Dial(context.Background(), "mqtts://pipe:443", cfg)
			if err == nil {
				defer c.Close(context.Background())
			}
			return err
		})
		peer := <-peers
		server := mqtttest.NewConn(t, peer)
		sent := server.Accept()
		h, n, _ := packet.ParseHeader(sent, packet.V311)
		connect, err := packet.ParseConnect(h, sent[n:])
		must(t, err)
		if connect.Username != test.username || string(connect.Password) != string(test.password) {
			t.Errorf("%+v", connect)
		}
		if got := peer.(*tls.Conn).ConnectionState().NegotiatedProtocol; got != test.alpn {
			t.Errorf("the server chose %q of %q", got, test.alpn)
		}
		server.Packet() // DISCONNECT
		server.Close()
		must(t, <-dialed)
	}
}
