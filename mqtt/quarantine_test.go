package mqtt_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// TestOverloadedServerPutsNoMessageAside: a server that gives a connection up because it could not store a
// message in time, as NATS does after js_api_timeout, says nothing about the message.
func TestOverloadedServerPutsNoMessageAside(t *testing.T) {
	eachPicky(t, func(t *testing.T, s *pickyServer) {
		s.overload = 20
		c, _ := dialPicky(t, s, func(cfg *mqtt.Config) { cfg.KeepAlive = 4 * time.Second }) // pings are sent meanwhile
		published, err := c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("good")}, nil)
		must(t, err)
		<-time.After(time.Hour)
		synctest.Wait()
		checkError(t, published.Err())
		if got := s.payloads(); len(got) != 1 || c.Stats().Quarantined > 0 {
			t.Errorf("the server has got %v; %+v", got, c.Stats())
		}
	})
}

// TestClusterWithoutALeaderPutsNoMessageAside: RabbitMQ 3.10 ends the connection of each publisher at once for as long as a
// queue has no leader. A client that comes back fast would see as many ends in a few seconds as a bad message brings.
func TestClusterWithoutALeaderPutsNoMessageAside(t *testing.T) {
	for name, outage := range map[string]time.Duration{"for less than QuarantineAfter": time.Minute, "for longer": 3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			eachPicky(t, func(t *testing.T, s *pickyServer) {
				s.bad = []string{"message"}
				c, _ := dialPicky(t, s, func(cfg *mqtt.Config) { cfg.Reconnect.MaxDelay = time.Second })
				published, err := c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("message")}, nil)
				must(t, err)
				<-time.After(outage)
				s.mu.Lock()
				s.bad = nil
				s.mu.Unlock()
				<-time.After(time.Minute)
				synctest.Wait()
				if outage < 2*time.Minute {
					checkError(t, published.Err())
					return
				}
				checkError(t, published.Err(), mqtt.ErrQuarantined)
				if s.connections < 100 {
					t.Errorf("%d connections", s.connections)
				}
			})
		})
	}
}

// TestServerThatSaysThatItIsTheMessage: it is put aside as soon as it has been alone at three ends. One that has another reason, or that
// says nothing, may be a cluster without a leader.
func TestServerThatSaysThatItIsTheMessage(t *testing.T) {
	for code, soon := range map[byte]bool{0x81: true, 0x87: true, 0x90: true, 0x95: true, 0x99: true, 0x80: false, 0x83: false, 0x97: false} {
		synctest.Test(t, func(t *testing.T) {
			s := &pickyServer{version: packet.V5, bad: []string{"message"}, farewell: []byte{0xE0, 1, code}}
			c, _ := dialPicky(t, s, func(cfg *mqtt.Config) { cfg.Reconnect.MaxDelay = time.Second })
			published, err := c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("message")}, nil)
			must(t, err)
			<-time.After(30 * time.Second)
			synctest.Wait()
			if put := errors.Is(published.Err(), mqtt.ErrQuarantined); put != soon {
				t.Errorf("0x%X: %v after half a minute", code, published.Err())
			}
			<-time.After(5 * time.Minute)
			synctest.Wait()
			checkError(t, published.Err(), mqtt.ErrQuarantined)
		})
	}
}
