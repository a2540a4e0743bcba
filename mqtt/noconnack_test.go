package mqtt_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestErrorsBeforeConnAckNameWhatToTry: one line with the server, what came, and the next step.
func TestErrorsBeforeConnAckNameWhatToTry(t *testing.T) {
	for _, test := range []struct {
		name, send string
		version    mqtt.Version
		want       string
	}{
		{"closed, MQTT 5", "", mqtt.V5, "connect mqtt://one:1883: the server closed the connection before CONNACK; " +
			"it may not speak MQTT 5 (try 3.1.1, or VersionAuto), want TLS (mqtts) or WebSocket (ws) at this port, " +
			"or refuse without a word the login, the certificate, or a client identifier that another client has just used"},
		{"closed, 3.1", "", mqtt.V31, "it may not speak MQTT 3.1 (try 3.1.1), want TLS"},
		{"closed, 3.1.1", "", mqtt.V311, "before CONNACK; it may want TLS (mqtts) or WebSocket (ws) at this port, or refuse"},
		{"closed in the middle", "20", mqtt.V5, "the server closed the connection in the middle of a packet before CONNACK; it may not speak MQTT 5"},
		{"alert of TLS", "15 0303 0002 0246", mqtt.V5, "connect mqtt://one:1883: the server wants TLS at this port; use mqtts in the place of mqtt"},
		{"its first byte", "15", mqtt.V311, "the server wants TLS at this port"},
		{"HTTP", hexOf([]byte("HTTP/1.1 400 Bad Request\r\nServer: x\r\n")), mqtt.V5, `the server speaks HTTP at this port ("HTTP/1.1 400 Bad Request"); use its port for MQTT, often 1883, with TLS 8883, or ws (wss)`},
		{"SSH", hexOf([]byte("SSH-2.0-OpenSSH_9.2p1\r\n")), mqtt.V311, `the server does not speak MQTT at this port ("SSH-2.0-OpenSSH_9.2p1"); check the port`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLasting(t, test.version, func(cfg *mqtt.Config) {
					cfg.Reconnect, cfg.Properties = nil, mqtt.ConnectProperties{}
				})
				dialed := s.start()
				s.server = s.net.accept()
				s.server.Packet()
				s.server.Send(test.send)
				if len(test.send) > 2 {
					s.server.ExpectClosed() // no word of MQTT to who does not speak it
				} else {
					s.drop()
				}
				err := <-dialed
				checkNoConnAck(t, err, test.want)
				if broken := (*mqtt.PacketError)(nil); errors.As(err, &broken) != (len(test.send) > 2) && test.send != "15" {
					t.Errorf("wraps %v", err)
				}
			})
		})
	}
}

// TestResetBeforeConnAckIsToldInWords: a server that speaks TLS at this port often resets the connection.
func TestResetBeforeConnAckIsToldInWords(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	url := "mqtt://" + l.Addr().String()
	_, err = mqtt.Dial(t.Context(), url, mqtt.Config{})
	checkNoConnAck(t, err, "connect "+url+": the server reset the connection before CONNACK; it may want TLS")
}

// checkNoConnAck checks that err is one line that contains want.
func checkNoConnAck(t *testing.T, err error, want string) {
	t.Helper()
	var unanswered *mqtt.NoConnAckError
	if !errors.As(err, &unanswered) || mqtt.IsPermanent(err) {
		t.Fatalf("got %v", err)
	}
	if got := err.Error(); !strings.Contains(got, want) || strings.Contains(got, "\n") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSilenceBeforeConnAckNamesWhatToTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, nil)
		s.cfg.Reconnect, s.ctx = nil, context.Background()
		dialed := s.start()
		s.net.accept().Packet()
		err := <-dialed
		checkNoConnAck(t, err, "connect mqtt://one:1883: no CONNACK within 30s; the server took the connection and said nothing: it may want TLS (mqtts) or WebSocket (ws) at this port, or be no MQTT server")
		checkError(t, err, context.DeadlineExceeded)
	})
}

// TestMistakesWithTLSAreNamed: real TLS at one end, none at the other.
func TestMistakesWithTLSAreNamed(t *testing.T) {
	authority := testcert.NewAuthority(t)
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}})
	must(t, err)
	defer secure.Close()
	go func() {
		for conn, err := secure.Accept(); err == nil; conn, err = secure.Accept() {
			_ = conn.(*tls.Conn).Handshake() // fails: the client speaks MQTT
			_ = conn.Close()
		}
	}()
	_, err = mqtt.Dial(ctxFor(t), "mqtt://"+secure.Addr().String(), mqtt.Config{})
	checkNoConnAck(t, err, "want TLS (mqtts) or WebSocket (ws) at this port") // crypto/tls sends no alert

	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	_, err = mqtt.Dial(ctxFor(t), "mqtts://"+web.Listener.Addr().String(), mqtt.Config{})
	if err == nil || !strings.Contains(err.Error(), "the server speaks HTTP at this port, without TLS") {
		t.Errorf("got %v", err)
	}
	plain := mqtttest.NewServer(t)
	go func() {
		conn := plain.Accept()
		_, _ = conn.TryPacket() // what a server of MQTT makes of a ClientHello
		conn.Close()
	}()
	_, err = mqtt.Dial(ctxFor(t), "mqtts://"+plain.Addr(), mqtt.Config{})
	if err == nil || !strings.Contains(err.Error(), "does it speak TLS at this port? If not, use mqtt in the place of mqtts") {
		t.Errorf("got %v", err)
	}
}

// TestALPNIsNamedWhereCloudsWantIt: at port 443, when none was offered.
func TestALPNIsNamedWhereCloudsWantIt(t *testing.T) {
	for _, answer := range []string{"", "HTTP/1.1 400 Bad Request\r\n"} {
		cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{ConnectTimeout: time.Minute}}
		peers := pipeTLS(t, &cfg)
		dialed := async(func() error { return errorOf(mqtt.Dial(context.Background(), "mqtts://pipe:443", cfg)) })
		server := mqtttest.NewConn(t, <-peers)
		server.Packet()
		server.SendBytes([]byte(answer))
		if answer == "" {
			server.Close()
		}
		checkNoConnAck(t, <-dialed, "dial.TLS.ALPN")
	}
}
