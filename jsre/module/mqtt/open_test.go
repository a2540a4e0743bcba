package mqtt_test

import (
	"encoding/json"
	"net"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// deadAddr is an address where nobody listens.
func deadAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func quote(t *testing.T, s []byte) string {
	t.Helper()
	b, err := json.Marshal(string(s))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOpenWithoutABroker(t *testing.T) {
	expect(t, deadAddr(t), `
console.log(mqtt.open(sa), mqtt.lastError.code, mqtt.lastError instanceof Error);
const c = mqtt.open(sa, undefined, (client, remote) => {
  console.log(client === c, remote, mqtt.lastError.code, client.isConnected());
  try { client.publish('t', 'x'); } catch (e) { console.log(e.code); }
});
console.log('open returned', c.isConnected());
console.log(mqtt.open({addr: 'no.such.host.invalid', port: 1883}), mqtt.lastError.code);
`,
		"undefined ECONNREFUSED true",
		"open returned false",
		"undefined ENOTFOUND",
		"true undefined ECONNREFUSED false",
		"ENOTCONN",
	)
}

func TestOpenTimesOut(t *testing.T) {
	silent := mqtttest.NewServer(t) // accepts TCP and never answers the TLS handshake
	expect(t, silent.Addr(), `
let fired = false;
setTimeout(() => { fired = true; console.log('timer'); }, 1);
console.log(mqtt.open(sa, {}, 50), mqtt.lastError.code, fired);
mqtt.open(sa, {handshakeTimeout: 20}, (c, remote) => console.log(remote, mqtt.lastError.code));
`, "undefined ETIMEDOUT false", "timer", "undefined ETIMEDOUT")
}

func TestOpenWithCallback(t *testing.T) {
	expectAnyOrder(t, broker(t).Addr(), `
const c = mqtt.open(sa, null, (client, remote) => {
  console.log(client === c, remote.domain === 2, remote.addr, remote.port === sa.port);
  client.connect({client: 'x'}, () => { console.log(client.isConnected()); client.close(); });
}, 512);
try { c.connect({client: 'x'}); } catch (e) { console.log(e.code, e.message); }
mqtt.open(sa, null, () => console.log('once')).close();
`,
		"ENOTCONN connect: the client is not open yet; wait for the callback of open",
		"true true 127.0.0.1 true", "once", "true")
}

func TestWrongPassword(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"admin": "secret"}})
	expect(t, b.Addr(), `
const d = mqtt.open(sa);
d.connect({client: 'y', user: Buffer.from('admin'), passwd: Buffer.from('secret')}, () => {
  console.log('accepted');
  d.close();
  const c = mqtt.open(sa);
  c.on('error', e => console.log('error', e.code, e.reasonCode, e.reason, c.isConnected()));
  c.on('disconnect', () => console.log('disconnect'));
  c.connect({client: 'x', user: 'admin', passwd: 'wrong'}, () => console.log('must not be called'));
});`,
		"accepted", "error ECONNACK 5 not authorized false", "disconnect")
}

func TestTLS(t *testing.T) {
	ca, other := testcert.NewAuthority(t), testcert.NewAuthority(t)
	b := mosquitto.Start(t, mosquitto.Options{TLS: ca})
	src := "const ca = " + quote(t, ca.PEM()) + ", other = " + quote(t, other.PEM()) + ";" + `
const attempt = (name, opt) => {
  const c = mqtt.open(sa, opt, 5000);
  console.log(name, c ? 'open' : mqtt.lastError.code);
  if (c) c.close();
};
attempt('private CA', {ca});
attempt('as a Buffer', {ca: Buffer.from(ca)});
attempt('several', {ca: [other, ca]});
attempt('several in one', {ca: other + ca});
try { mqtt.open(sa, {ca: [ca, other + '-----BEGIN CERTIFICATE-----\nAQ==\n-----END CERTIFICATE-----\n']}); } catch (e) { console.log(e.code, e.message); }
attempt('by name', {ca, server: 'localhost'});
attempt('wrong name', {ca, server: 'xxx.xxx.com'});
attempt('unknown CA', {ca: other});
attempt('system CAs', {});
attempt('both', {ca, loadDefaultCerts: true});
attempt('no CAs', {loadDefaultCerts: false});
attempt('not verified', {rejectUnauthorized: false});
const c = mqtt.open(sa, {ca, server: 'localhost'}, (client, remote) => {
  client.connect({client: 'tls'}, () => {
    client.on('message', m => { console.log(m.topic, m.message.toString()); client.close(); });
    client.subscribe('t', () => client.publish('t', 'over TLS'));
  });
});`
	expect(t, b.Addr(), src,
		"private CA open", "as a Buffer open", "several open", "several in one open",
		"EINVAL open: tlsOpt.ca[1]: certificate 2 cannot be read: x509: malformed certificate", "by name open",
		"wrong name ECERTHOST", "unknown CA ECERTAUTHORITY", "system CAs ECERTAUTHORITY", "both open", "no CAs ECERTAUTHORITY", "not verified open",
		"t over TLS")
}

func TestPlainClientOnATLSPort(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{TLS: testcert.NewAuthority(t)})
	expect(t, b.Addr(), `
const c = mqtt.open(sa);
c.on('error', e => console.log('error'));
c.on('disconnect', () => console.log('disconnect', c.isConnected()));
c.connect({client: 'x'});`, "error", "disconnect false")
}

func TestClientCertificate(t *testing.T) {
	ca := testcert.NewAuthority(t)
	b := mosquitto.Start(t, mosquitto.Options{TLS: ca, ClientCerts: true})
	pair := ca.Client(t, testcert.Options{})
	src := "const ca = " + quote(t, ca.PEM()) + ", cert = " + quote(t, pair.CertPEM) + ", key = " + quote(t, pair.KeyPEM) +
		", encrypted = " + quote(t, encrypted(t, pair.KeyPEM, "secret")) + ";" + `
const attempt = (opt, then) => {
  try {
    const c = mqtt.open(sa, opt, 5000);
    c.on('error', e => console.log('refused'));
    c.connect({client: ''}, () => { console.log('accepted'); c.close(); then(); });
  } catch (e) { console.log(e.code, e.message); }
};
attempt({ca, cert, key: encrypted});
attempt({ca, cert, key: encrypted, passwd: 'wrong'});
attempt({ca, cert, key: encrypted, passwd: 'secret'}, () => attempt({ca}));
`
	expect(t, b.Addr(), src,
		"EINVAL open: tlsOpt.key: is encrypted; give tlsOpt.passwd",
		"EINVAL open: tlsOpt.key: cannot be decrypted with tlsOpt.passwd",
		"accepted", "refused")
}

func TestRedirect(t *testing.T) {
	addr := broker(t).Addr()
	var asked string
	redirect := func(address string) (string, bool) {
		asked = address
		return addr, true
	}
	expectWith(t, "192.0.2.1:61613", module.Options{Redirect: redirect}, `
for (const tls of [null, {ca: []}]) {
  const c = mqtt.open(sa, tls);
  c.connect({client: ''}, () => { console.log('connected'); c.close(); });
}`, "connected", "connected")
	if asked != "192.0.2.1:61613" {
		t.Errorf("redirect was asked for %q", asked)
	}
}
