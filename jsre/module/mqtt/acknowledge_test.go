package mqtt_test

import (
	"testing"

	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// A listener that throws leaves its message to the server. Later ones are acknowledged.
func TestMessageOfAThrowingListenerComesAgain(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, `
process.on('uncaughtException', e => console.log('caught', e.message));
let refused = true;
function open() {
  const c = mqtt.open(sa);
  c.on('message', m => console.log('first', m.packetId, m.dup));
  c.on('message', m => { if (refused && m.packetId < 9) throw new Error('no ' + m.packetId); });
  c.on('disconnect', () => { if (refused) { refused = false; open(); } });
  c.connect({client: 'c', clean: false});
}
open();`)
	conn := server.Accept()
	conn.Accept()
	conn.Send("32 05 000174 0007", "34 05 000174 0008", "32 05 000174 0009", "34 05 000174 000A")
	conn.Expect("40 02 0009", "50 02 000A")
	conn.Close()
	conn = server.Accept()
	conn.Accept()
	conn.Send("3A 05 000174 0007", "3C 05 000174 0008")
	conn.Expect("40 02 0007", "50 02 0008")
	conn.Close()
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	want := "first 7 false\ncaught no 7\nfirst 8 false\ncaught no 8\nfirst 9 false\nfirst 10 false\nfirst 7 true\nfirst 8 true\n"
	if got := s.out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

// A script that ends in a listener has acknowledged what came before, and no more.
func TestScriptThatEndsInAListener(t *testing.T) {
	for name, end := range map[string]string{
		"exception":                           "m => { if (m.packetId === 7) throw new Error('x'); }",
		"exit":                                "m => { if (m.packetId === 7) process.exit(0); }",
		"exit in the handler of an exception": "m => { process.on('uncaughtException', () => process.exit(0)); if (m.packetId === 7) throw 1; }",
		"exit in a promise":                   "m => { if (m.packetId === 7) Promise.resolve().then(() => process.exit(0)); }",
		"rejection":                           "async m => { if (m.packetId === 7) throw new Error('x'); }",
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), module.Options{}, connectThen("c.on('message', "+end+"); c.publish('ready', '');"))
			conn := server.Accept()
			conn.Accept()
			conn.Expect("30 07 00057265616479")
			conn.Send("32 05 000174 0006", "32 05 000174 0007", "32 05 000174 0008")
			conn.Expect("40 02 0006", "E0 00")
			conn.Close()
			_ = s.wait() // each of them ends in its own way
		})
	}
}

// A listener that serves events meanwhile gets the message that came together with its
// own. The acknowledgements leave in the order of arrival all the same.
func TestListenerThatWaitsForTheNextMessage(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, connectThen(`
  let n = 0;
  c.on('disconnect', () => {});
  c.on('message', m => {
    n++;
    if (m.packetId === 6) require('iosched').forever(() => n === 2);
    console.log(m.packetId, 'returns');
  });
  c.publish('ready', '');`))
	conn := server.Accept()
	conn.Accept()
	conn.Expect("30 07 00057265616479")
	conn.Send("32 05 000174 0006", "32 05 000174 0007")
	conn.Expect("40 02 0006", "40 02 0007")
	conn.Close()
	if err := s.wait(); err != nil {
		t.Error(err)
	}
	if got := s.out.String(); got != "7 returns\n6 returns\n" {
		t.Errorf("printed %q", got)
	}
}
