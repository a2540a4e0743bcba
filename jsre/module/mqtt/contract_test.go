package mqtt_test

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/jsre"
	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// printed waits for the end of a script that has to end well.
func (s *script) printed(want string) {
	s.t.Helper()
	if err := s.wait(); err != nil {
		s.t.Errorf("the script ended with: %v", err)
	}
	if got := s.out.String(); got != want {
		s.t.Errorf("printed %q, want %q", got, want)
	}
}

// What connect is told goes into CONNECT, and so do its defaults.
func TestConnectOnTheWire(t *testing.T) {
	for name, test := range map[string]struct{ options, packet, connack string }{
		"defaults":        {`{client: 'x'}`, "10 0D 00044D515454 04 02 003C 000178", "20 02 0000"},
		"empty client":    {`{client: ''}`, "10 0C 00044D515454 04 02 003C 0000", "20 02 0000"},
		"no keep alive":   {`{client: 'x', keepalive: 0}`, "10 0D 00044D515454 04 02 0000 000178", "20 02 0000"},
		"longest":         {`{client: 'x', keepalive: 65535}`, "10 0D 00044D515454 04 02 FFFF 000178", "20 02 0000"},
		"kept session":    {`{client: 'x', clean: false}`, "10 0D 00044D515454 04 00 003C 000178", "20 02 0000"},
		"user":            {`{client: 'x', user: 'u', passwd: Buffer.from([0, 255])}`, "10 14 00044D515454 04 C2 003C 000178 000175 000200FF", "20 02 0000"},
		"will":            {`{client: 'x', will: true, topic: 'w', message: Buffer.from([1]), qos: 2, willRetain: true}`, "10 13 00044D515454 04 36 003C 000178 000177 000101", "20 02 0000"},
		"will that is no": {`{client: 'x', will: false, topic: 5, message: 5, qos: 9}`, "10 0D 00044D515454 04 02 003C 000178", "20 02 0000"},
		"3.1":             {`{client: 'x', version: '3.1'}`, "10 0F 00064D5149736470 03 02 003C 000178", "20 02 0000"},
		"3":               {`{client: 'x', version: 3}`, "10 0F 00064D5149736470 03 02 003C 000178", "20 02 0000"},
		"4":               {`{client: 'x', version: 4}`, "10 0D 00044D515454 04 02 003C 000178", "20 02 0000"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), module.Options{}, `
const c = mqtt.open(sa); c.connect(`+test.options+`, () => { console.log('up'); c.close(); });`)
			conn := server.Accept()
			conn.Expect(test.packet)
			conn.Send(test.connack)
			conn.Expect("E0 00")
			conn.Close()
			s.printed("up\n")
		})
	}
}

// connect's callback comes before the event, both before any message.
func TestOrderOfConnect(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, `
const c = mqtt.open(sa);
c.on('message', m => { console.log('message'); c.close(); });
c.on('connect', () => console.log('event'));
c.connect({client: 'x', clean: false}, () => console.log('callback'));`)
	conn := server.Accept()
	conn.Packet()
	conn.Send("20 02 0100 30 03 000174")
	conn.Expect("E0 00")
	conn.Close()
	s.printed("callback\nevent\nmessage\n")
}

func TestPayloadIsCopiedAtTheCall(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  c.on('message', m => { console.log(m.message.toString()); c.close(); });
  c.subscribe('t', () => { const b = Buffer.from('before'); c.publish('t', b, {qos: 1}); b.write('AFTER!'); });
`), "before")
}

// What is wrong at the call goes to the callback, later and once.
func TestFaultsAtTheCallGoToTheCallback(t *testing.T) {
	expect(t, broker(t).Addr(), `
const c = mqtt.open(sa), tell = what => e => console.log(what, e.code);
c.publish('t', 'x', tell('early publish'));
c.subscribe('t', tell('early subscribe'));
c.unsubscribe('t', tell('early unsubscribe'));
c.connect({client: 'x'}, () => {
  c.publish('a/#', 'x', {}, tell('topic'));
  c.subscribe('a#', tell('filter'));
  c.unsubscribe('a#', tell('unsubscribed filter'));
  c.publish('t', 'x', {qos: 1}, () => {
    c.close();
    c.publish('t', 'x', tell('late publish'));
    c.subscribe('t', tell('late subscribe'));
    console.log('first');
  });
});`,
		"early publish ENOTCONN", "early subscribe ENOTCONN", "early unsubscribe ENOTCONN",
		"topic EINVAL", "filter EINVAL", "unsubscribed filter EINVAL",
		"first", "late publish ENOTCONN", "late subscribe ENOTCONN")
}

// What fails later and has no callback is an error event.
func TestLateFailuresWithoutACallback(t *testing.T) {
	for name, listener := range map[string]string{
		"a listener":  `c.on('error', e => { console.log(e.code, e.reasonCode, e.reason); c.close(); });`,
		"no listener": `Task.on('uncaughtException', e => { console.log(e.code, e.reasonCode, e.reason); c.close(); });`,
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), module.Options{}, `
const c = mqtt.open(sa); `+listener+`
c.connect({client: 'x', version: 5}, () => c.publish('t', 'x', {qos: 1}));`)
			conn := server.Accept()
			conn.Accept()
			conn.Packet()
			conn.Send("40 03 0001 87")
			conn.Packet() // DISCONNECT
			conn.Close()
			s.printed("EPUBACK 135 Not authorized\n")
		})
	}
}

// A refusal that nobody listens to ends the script.
func TestRefusalWithoutAListener(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"admin": "secret"}})
	s := start(t, b.Addr(), module.Options{}, `
const c = mqtt.open(sa); c.on('disconnect', () => console.log('must not be reached')); c.connect({client: 'x', user: 'admin', passwd: 'wrong'});`)
	var uncaught *jsre.ScriptError
	if err := s.wait(); !errors.As(err, &uncaught) || !strings.Contains(uncaught.Message, "not authorized") {
		t.Errorf("got %v", err)
	}
}

// A stream that ends between two packets is a graceful end, one that ends inside a
// packet or is reset is not.
func TestCloseIsForGracefulEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*mqtttest.Conn)
		want string
	}{
		"between packets": {func(c *mqtttest.Conn) { c.Send("D0 00"); c.Close() }, "close false\ndisconnect false\n"},
		"inside a packet": {func(c *mqtttest.Conn) { c.Send("30 05 0001"); c.Close() }, "disconnect false\n"},
		"reset":           {func(c *mqtttest.Conn) { c.Reset() }, "disconnect false\n"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), module.Options{}, connectThen(`
  c.on('close', () => console.log('close', c.isConnected()));
  c.on('disconnect', () => { console.log('disconnect', c.isConnected()); c.close(); });`))
			conn := server.Accept()
			conn.Accept()
			test.end(conn)
			s.printed(test.want)
		})
	}
}

// A peer that has gone silent is noticed by the keep alive.
func TestDeadLinkIsNoticed(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, `
const c = mqtt.open(sa);
c.on('close', () => console.log('close'));
c.on('disconnect', e => console.log('disconnect', e.code));
c.connect({client: 'x', keepalive: 1});`)
	conn := server.Accept()
	conn.Accept()
	conn.Expect("C0 00")
	s.printed("disconnect ETIMEDOUT\n")
}

func TestOpenByNameAndIPv6(t *testing.T) {
	b := broker(t)
	expect(t, b.Addr(), `
const c = mqtt.open({addr: 'localhost', port: sa.port}); console.log(typeof c); c.close();
console.log(require('edgeros:mqtt') === mqtt);`, "object", "true")
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	expect(t, l.Addr().String(), `
const socket = require('socket');
mqtt.open(socket.sockaddr6('::1', sa.port), undefined, (c, remote) => { console.log(remote.domain === socket.AF_INET6, remote.addr, remote.port === sa.port); c.close(); });`,
		"true ::1 true")
}

// TLS 1.2 is the floor, whatever else is allowed.
func TestOldTLSIsRefused(t *testing.T) {
	pair := testcert.NewAuthority(t).Server(t, testcert.Options{}).Certificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, //nolint:gosec // a server to refuse
	})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if err := conn.(*tls.Conn).Handshake(); err == nil {
			t.Error("TLS 1.1 was accepted")
		}
	}()
	expect(t, l.Addr().String(), `console.log(mqtt.open(sa, {rejectUnauthorized: false}, 5000), mqtt.lastError.code);`, "undefined ETLS")
	l.Close()
	<-served
}

// TestServerWithoutQoS2: a script is told of a QoS 2 publish that the server answered as one of
// QoS 1, and of those that it was not sent.
func TestServerWithoutQoS2(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, `
		const c = mqtt.open(sa);
		c.connect({client: 'c'}, () => c.publish('t', 'x', {qos: 2}, first => {
			console.log(first.code, first.message);
			c.publish('t', 'x', {qos: 2}, second => { console.log(second.code, second.message); c.close(); });
		}));`)
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	conn.Send("40 02 0001")
	if err := s.wait(); err != nil {
		t.Error(err)
	}
	want := `EQOS publish to "t" (packet 1): taken at QoS 1, so it may arrive more than once: the server has no QoS 2; publish at QoS 1
EQOS publish: publish to "t": not sent: the server has no QoS 2; publish at QoS 1
`
	if got := s.out.String(); got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
}
