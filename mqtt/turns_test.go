package mqtt_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testdns"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// threeInHalfAMinute has a client know three servers, and wait for half a minute if it has to.
func threeInHalfAMinute(order mqtt.ServerOrder) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		three(order)(cfg)
		cfg.Transport.ConnectTimeout = 30 * time.Second
	}
}

// expectMute has the next connection be one that is not answered, and checks how long the client leaves it open.
func (s *lasting) expectMute(want time.Duration) {
	s.t.Helper()
	mute := s.net.accept()
	mute.Packet()
	since := elapsed()
	mute.ExpectClosed()
	if since() != want {
		s.t.Fatalf("an attempt without an answer took %v, want %v", since(), want)
	}
}

// acceptLate has the next server need so long for its CONNACK, and returns whether the client waited for it.
func (s *lasting) acceptLate(after time.Duration) bool {
	s.t.Helper()
	conn := s.net.accept()
	conn.Packet()
	<-time.After(after)
	synctest.Wait()
	if _, err := conn.Write(mustHex(s.t, s.connAck("present"))); err != nil {
		conn.Close()
		return false
	}
	s.server = conn
	s.t.Cleanup(conn.Close)
	synctest.Wait()
	return true
}

// TestServersThatDoNotAnswerGiveWay: the first after a second, the next ones after four times as long, and after a connection it is a second again.
func TestServersThatDoNotAnswerGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, threeInHalfAMinute(mqtt.ServersInTurn))
		s.connect("absent")
		s.drop()
		for _, want := range []time.Duration{time.Second, 4 * time.Second, 16 * time.Second, 30 * time.Second} {
			s.expectMute(want)
		}
		s.acceptNext("present")
		s.drop()
		s.expectMute(time.Second)
	})
}

// TestMinTimeoutIsHeeded, and bounded by ConnectTimeout.
func TestMinTimeoutIsHeeded(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{5 * time.Second: 5 * time.Second, time.Minute: 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, mqtt.V311, threeInHalfAMinute(mqtt.ServersInTurn))
			s.cfg.Reconnect.MinTimeout = given
			s.connect("absent")
			s.drop()
			s.expectMute(want)
		})
	}
	bad := mqtt.Config{Reconnect: &mqtt.Reconnect{MinTimeout: -1}}
	if err := bad.Validate(); err == nil {
		t.Error("a negative one is taken")
	}
}

// answerSlowly has every server need so long for its CONNACK, until the returned function is called. accepted gets the connections on which
// it went out.
func (s *lasting) answerSlowly(after time.Duration) (accepted chan *mqtttest.Conn, stop func()) {
	accepted = make(chan *mqtttest.Conn, 100)
	ctx, stop := context.WithCancel(s.ctx)
	answer := func(conn *mqtttest.Conn) {
		conn.Packet()
		<-time.After(after)
		if _, err := conn.Write(mustHex(s.t, s.connAck("present"))); err == nil {
			accepted <- conn
		}
	}
	go func() {
		for {
			select {
			case conn := <-s.net.conns:
				go answer(conn)
			case <-ctx.Done():
				return
			}
		}
	}()
	return accepted, stop
}

// TestSlowServersAreReached: where each takes three seconds to answer one CONNECT is given up and the next accepted; from then on the
// client knows how slow they are, and gives up none. Nobody takes the session from anybody: the connection stays.
func TestSlowServersAreReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) {
			threeInHalfAMinute(mqtt.ServersShuffled)(cfg)
			cfg.Reconnect.Background = true
		})
		accepted, stop := s.answerSlowly(3 * time.Second)
		defer stop()
		begun := time.Now()
		must(t, <-s.start())
		s.server = <-accepted
		synctest.Wait()
		if took := time.Since(begun); took > 4200*time.Millisecond || len(s.net.all()) != 2 || !s.IsConnected() {
			t.Errorf("connected after %v, tried %q", took, s.net.all())
		}
		for range 3 {
			s.drop()
			s.server = <-accepted
		}
		<-time.After(time.Hour)
		if all := s.net.all(); len(all) != 5 || !s.IsConnected() {
			t.Errorf("reached %q", all)
		}
		s.server.Close()
		stop()
	})
}

// TestSlowServersMayTakeTheirTime where no other attempt follows, or there is no other server.
func TestSlowServersMayTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, threeInHalfAMinute(mqtt.ServersInTurn))
		dialed := s.start()
		if !s.acceptLate(25 * time.Second) {
			t.Error("Dial gave its only attempt up")
		}
		must(t, <-dialed)
		alone := newLasting(t, mqtt.V311, nil)
		alone.connect("absent")
		alone.drop()
		if !alone.acceptLate(25 * time.Second) {
			t.Error("the only server was given up")
		}
	})
}

// TestServersOfADomainGiveWay as those of a list do; one alone may take its time.
func TestServersOfADomainGiveWay(t *testing.T) {
	names := testdns.New()
	domain(t, names, nil)(func(s *lasting) {
		s.connect("absent")
		s.drop()
		s.expectMute(time.Second)
		s.acceptNext("present")
		names.SetSRV("_mqtt._tcp.example.test", testdns.Record(1, 1, 1, "a.test"))
		s.drop()
		s.expectMute(mqtt.DefaultConnectTimeout)
	})
}

// TestOwnConnectTakesTheSessionOver: a server that stood still reads the CONNECT of the connection that was given up when it goes on, and
// its cluster takes the session from the server that has the client. The client comes back; when that happens once more it
// is another client, and this one ends.
func TestOwnConnectTakesTheSessionOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 10)
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) {
			threeInHalfAMinute(mqtt.ServersInTurn)(cfg)
			withoutCallbacks(cfg)
			cfg.OnDisconnect = func(err error) { told <- err }
		})
		s.connect("absent")
		s.drop()
		<-told
		s.expectMute(time.Second)
		s.acceptNext("present")
		s.server.Send("E0 01 8E")
		if err := <-told; errors.Is(err, mqtt.ErrTakenOver) || mqtt.IsPermanent(err) {
			t.Errorf("the client's own CONNECT: %v", err)
		}
		s.acceptNext("present")
		s.server.Send("E0 01 8E")
		if err := <-told; !errors.Is(err, mqtt.ErrTakenOver) || !mqtt.IsPermanent(err) {
			t.Errorf("another client: %v", err)
		}
		<-s.Done()
	})
}

// TestMosquittoStopped: of three servers one is killed and the next one stands still, so that its kernel takes connections. The client is
// with the third about a second later, and stays there when the other goes on.
func TestMosquittoStopped(t *testing.T) {
	killed, stopped, third := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	s := dialReal(t, killed.URL(), mqtt.Config{ClientID: "c", KeepSession: true, Reconnect: &mqtt.Reconnect{
		Servers: []string{stopped.URL(), third.URL()}, MinDelay: 100 * time.Millisecond,
	}})
	stopped.Freeze()
	killed.Kill()
	s.expectEvent("close: ")
	begun := time.Now()
	must(t, s.AwaitConnected(s.ctx))
	if took := time.Since(begun); took > 15*time.Second || s.Remote() != third.URL() {
		t.Errorf("back after %v, at %s", took, s.Remote())
	}
	from := len(stopped.Log())
	stopped.Thaw()
	stopped.WaitLogFrom(from, "c")
	must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}))
	if n := s.Stats().Connections; n != 2 {
		t.Errorf("%d connections", n)
	}
}
