package mqttjs_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"dunlin/jsre"
	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// net grants some addresses and notes all that were asked for.
type netAccess struct {
	mu      sync.Mutex
	granted []string
	asked   []string
}

func (n *netAccess) check(address string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, address)
	if slices.Contains(n.granted, address) {
		return nil
	}
	return errors.New("not granted")
}

func (n *netAccess) options(o jsre.Options) jsre.Options {
	o.Access = engine.Access{Net: n.check}
	return o
}

// Every way to an address asks for leave, the address is where the connection really goes, and what is refused is
// thrown by the call and keeps no script going.
func TestRefusedAddresses(t *testing.T) {
	redirected := modules(mqtt.Options{Redirect: func(string) (string, bool) { return "10.9.8.7:1", true }})
	for _, c := range []struct {
		name, call string
		options    jsre.Options
		asked      string
	}{
		{"address", "mqtt.connect('mqtt://lamp.example')", jsre.Options{}, "lamp.example:1883"},
		{"TLS", "mqtt.connect('mqtts://lamp.example')", jsre.Options{}, "lamp.example:8883"},
		{"WebSocket", "mqtt.connect('ws://lamp.example/mqtt')", jsre.Options{}, "lamp.example:80"},
		{"transformed", "mqtt.connect('ws://lamp.example', {transformWsUrl: () => 'ws://other.example:81/'})", jsre.Options{}, "other.example:81"},
		{"list", "mqtt.connect({servers: [{host: 'one.example', port: 1}]})", jsre.Options{}, "one.example:1"},
		{"Unix", "mqtt.connect('mqtt+unix:///run/mqtt.sock')", jsre.Options{}, "/run/mqtt.sock"},
		{"redirected", "mqtt.connect('mqtts://lamp.example')", redirected, "10.9.8.7:1"},
		{"by hand", "mqtt.connect('mqtt://lamp.example', {manualConnect: true}).connect()", jsre.Options{}, "lamp.example:1883"},
		{"open", "mqtt.open({addr: 'lamp.example', port: 1}, undefined, 10)", jsre.Options{}, "lamp.example:1"},
		{"open later", "mqtt.open({addr: 'lamp.example', port: 1}, undefined, () => print('called'))", jsre.Options{}, "lamp.example:1"},
		{"open, redirected", "mqtt.open({addr: 'lamp.example', port: 1}, undefined, 10)", redirected, "10.9.8.7:1"},
		{"lookup", "require('dns').lookup('lamp.example')", jsre.Options{}, "lamp.example:"},
		{"lookup later", "require('dns').lookup('lamp.example', () => print('called'))", jsre.Options{}, "lamp.example:"},
		{"gethostbyname", "require('dns').gethostbyname('lamp.example')", jsre.Options{}, "lamp.example:"},
		{"getaddrinfo", "require('dns').getaddrinfo('lamp.example', 0, () => print('called'))", jsre.Options{}, "lamp.example:"},
		{"resolve", "require('dns').resolve('lamp.example', 'TXT', () => print('called'))", jsre.Options{}, "lamp.example:"},
		{"resolveMx", "require('dns').resolveMx('lamp.example', () => print('called'))", jsre.Options{}, "lamp.example:"},
		{"reverse", "require('dns').reverse('10.9.8.7', () => print('called'))", jsre.Options{}, "10.9.8.7:"},
		{"setServers", "require('dns').setServers(['10.9.8.7'])", jsre.Options{}, "10.9.8.7:53"},
	} {
		t.Run(c.name, func(t *testing.T) {
			access := &netAccess{}
			startWith(t, access.options(c.options), "x", "try { "+c.call+"; print('made'); } catch (e) { print(e.code); }").want("EACCES")
			if !slices.Equal(access.asked, []string{c.asked}) {
				t.Errorf("asked for %v, want %s", access.asked, c.asked)
			}
		})
	}
}

// A later attempt that is refused is an error event, or an uncaught exception where nobody listens, and ends the
// attempts, unless the list has a server that is granted.
func TestRefusedLaterAttempts(t *testing.T) {
	for _, c := range []struct {
		name, servers, listen string
		again                 bool // a connection follows
		want                  string
	}{
		{"error", "{host, port}, {host: 'no.example', port: 1}", "c.on('error', e => print(e.code));", true, "close\nEACCES\nclose"},
		{"all but one", "{host, port}, {host: 'no.example', port: 1}, {host: 'nor.example', port: 2}", "c.on('error', e => print(e.code));", true, "close\nEACCES\nEACCES\nclose"},
		{"uncaught", "{host, port}, {host: 'no.example', port: 1}", "", false, "close\nEACCES: may not connect to no.example:1: not granted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			access := &netAccess{granted: []string{server.Addr()}}
			s := startWith(t, access.options(jsre.Options{}), server.Addr(), `
const [host, port] = URL.slice(7).split(':');
const c = mqtt.connect({servers: [`+c.servers+`], reconnectPeriod: 1});
let n = 0;
c.on('close', () => { print('close'); if (++n === 2) c.end(); });`+c.listen)
			for range map[bool]int{true: 2, false: 1}[c.again] {
				conn := server.Accept()
				conn.Packet()
				conn.Close()
			}
			err := <-s.done
			if got := strings.TrimSpace(s.out.String()); c.again && (err != nil || got != c.want) {
				t.Errorf("%v, printed\n%s\nwant\n%s", err, got, c.want)
			}
			if !c.again && (err == nil || !strings.Contains(err.Error(), "may not connect to no.example:1")) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// What is refused is named as the script knows it.
func TestTextsOfRefusals(t *testing.T) {
	startWith(t, (&netAccess{}).options(jsre.Options{}), "x", `
for (const call of [
  () => require('dns').lookup('lamp.example'),
  () => require('dns').reverse('::1', () => 0),
  () => mqtt.connect('mqtt://[::1]'),
  () => mqtt.connect('mqtt+unix:///run/mqtt.sock'),
]) try { call(); } catch (e) { print(e.message); }`).want(
		"may not look up lamp.example: not granted", "may not look up ::1: not granted",
		"may not connect to [::1]:1883: not granted", "may not connect to /run/mqtt.sock: not granted")
}

// A grant names host and port, which SRV records could lead anywhere. So no protocol for a domain is served, whatever way a script
// has to give one, and nothing else is done in its place: nobody is connected to, and no plain connection is made in the place of TLS.
func TestDomainsWithSRVRecordsAreRefused(t *testing.T) {
	const answer = "is not served to scripts; ask dns.resolveSrv for "
	for _, c := range []struct{ name, call, want string }{
		{"URL", "mqtt.connect('mqtt+srv://HOST')", "mqtt+srv " + answer + "_mqtt._tcp of"},
		{"URL with TLS", "mqtt.connect('mqtts+srv://HOST')", "mqtts+srv " + answer + "_secure-mqtt._tcp of"},
		{"option", "mqtt.connect({protocol: 'mqtt+srv', host: 'HOST'})", "mqtt+srv " + answer},
		{"certificate", "mqtt.connect('mqtts+srv://HOST', {cert: 'x', key: 'y'})", "mqtts+srv " + answer},
		{"list", "mqtt.connect({servers: [{protocol: 'mqtts+srv', host: 'HOST', port: PORT}]})", "mqtts+srv " + answer},
		{"later", "const o = mqtt.connect('mqtt://HOST:PORT', {manualConnect: true}); o.options.protocol = 'mqtts+srv'; o.connect()", "mqtts+srv " + answer},
		{"transformed", "mqtt.connect('ws://HOST:PORT', {transformWsUrl: () => 'mqtt+srv://lamp.example'})", "transformWsUrl returned mqtt+srv://"},
		{"transformed from TLS", "mqtt.connect('wss://HOST:PORT', {transformWsUrl: () => 'mqtts+srv://lamp.example'})", "transformWsUrl returned mqtts+srv://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := closing(t)
			access := &netAccess{granted: []string{server}}
			host, port, _ := strings.Cut(server, ":")
			call := strings.NewReplacer("HOST", host, "PORT", port).Replace(c.call)
			s := startWith(t, access.options(jsre.Options{}), server, `
const mqttConnect = mqtt.connect;
let client;
mqtt.connect = (...list) => client = mqttConnect.apply(mqtt, list);
try {
  `+call+`;
  client.on('close', () => { print('closed'); client.end(true); });
  client.on('error', e => { print(e.message); client.end(true); });
} catch (e) { print(e.message); }`)
			err := <-s.done
			if got := s.out.String(); err != nil || !strings.HasPrefix(got, c.want) {
				t.Errorf("%v, printed %q, want %q", err, got, c.want)
			}
			for _, asked := range access.asked {
				if asked != server {
					t.Errorf("asked for %s", asked)
				}
			}
		})
	}
}

// closing returns the address of a server that closes each connection at once.
func closing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}
