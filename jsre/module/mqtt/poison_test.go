package mqtt_test

import (
	"strings"
	"testing"

	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestPoison: what ends the connection of a script that makes another one is thrown away there.
// The script hears of it as an error, or, when it does not listen to those, on standard error.
func TestPoison(t *testing.T) {
	for _, test := range []struct{ listener, told string }{
		{"c.on('error', e => console.log('error', e.code, e.message));", "error EPROTO a message to \"p/a+b\""},
		{"", "mqtt: a message to \"p/a+b\""},
	} {
		server := mqtttest.NewServer(t)
		s := start(t, strings.TrimPrefix(server.URL(), "mqtt://"), module.Options{}, `
function begin() {
  const c = mqtt.open(sa);
  `+test.listener+`
  c.on('message', m => { console.log(m.topic, m.message.toString()); if (m.topic === 'u') c.close(); });
  c.on('disconnect', begin);
  c.connect({client: 'c', clean: false});
}
begin();
`)
		conn := server.Accept()
		conn.Accept()
		conn.Send("32 09 0005 702F612B62 0001")
		conn.Send("32 06 0001 74 0002 78")
		conn.ExpectClosed()
		conn.Close()
		conn = server.Accept()
		conn.Accept()
		conn.Send("3A 09 0005 702F612B62 0001", "3A 06 0001 74 0002 78")
		conn.Expect("40 02 0001", "40 02 0002") // before the script closes, or there would be no second one
		conn.Send("30 04 0001 75 79")
		conn.Expect("E0 00")
		conn.Close()
		if err := s.wait(); err != nil {
			t.Errorf("the script ended with: %v; output:\n%s", err, s.out)
		}
		if out := s.out.String(); !strings.Contains(out, test.told) || !strings.HasSuffix(out, "t x\nu y\n") {
			t.Errorf("printed %q, want %q", out, test.told)
		}
	}
}
