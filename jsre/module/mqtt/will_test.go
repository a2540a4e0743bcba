package mqtt_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dunlin/jsre"
	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// What a script says to its server when it ends. One that fails leaves its will to be published: in MQTT 5 by a
// DISCONNECT that asks for it, before by none. What it published before is sent.
func TestLastPacketOfAScript(t *testing.T) {
	const will, throw = "will: true, topic: 'w', message: ''", "throw new Error('no')"
	for _, c := range []struct {
		name, options, end string
		fails              bool
		want               string
	}{
		{"exception", will, throw, true, "30040001610a c000"},
		{"exception, MQTT 5", will + ", version: '5'", throw, true, "3005000161000a e00104"},
		{"exception without a will", "", throw, true, "30040001610a e000"},
		{"exit", will, "process.exit(0)", false, "30040001610a e000"},
		{"exit, MQTT 5", will + ", version: '5'", "process.exit(0)", false, "3005000161000a e000"},
		{"close and exception", will, "c.close(); " + throw, true, "30040001610a e000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), module.Options{}, `
const c = mqtt.open(sa, undefined, 5000);
c.connect({client: 'c', `+c.options+`}, () => { c.publish('a', '\n'); `+c.end+`; });`)
			conn := server.Accept()
			conn.Accept()
			var got []string
			for {
				p, err := conn.TryPacket()
				if err != nil {
					break
				}
				if got = append(got, fmt.Sprintf("%x", p)); p[0] == 0xC0 {
					conn.Send("D0 00")
				}
			}
			conn.Close()
			err := s.wait()
			if failed := errors.As(err, new(*jsre.ScriptError)); failed != c.fails {
				t.Errorf("the script ended with: %v", err)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("sent %v, want %s", got, c.want)
			}
		})
	}
}
