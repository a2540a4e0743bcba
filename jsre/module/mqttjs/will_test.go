package mqttjs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dunlin/jsre"
	"dunlin/mqtt/mqtttest"
)

// What a script says to its server when it ends. One that fails leaves its will to be published: in MQTT 5 by a
// DISCONNECT that asks for it, before by none. What it published before is sent.
func TestLastPacketOfAScript(t *testing.T) {
	for _, c := range []struct {
		name, options, end string
		fails              bool
		want               string
	}{
		{"exception", "will: {topic: 'w', payload: ''}", "throw new Error('no')", true, "30040001610a"},
		{"exception, MQTT 5", "protocolVersion: 5, will: {topic: 'w', payload: ''}", "throw new Error('no')", true, "3005000161000a e0020400"},
		{"exception, MQTT 5 without a will", "protocolVersion: 5", "throw new Error('no')", true, "3005000161000a e0020000"},
		{"rejection", "will: {topic: 'w', payload: ''}", "Promise.reject(new Error('no'))", true, "30040001610a"},
		{"exit", "will: {topic: 'w', payload: ''}", "process.exit(0)", false, "30040001610a e000"},
		{"exit, MQTT 5", "protocolVersion: 5, will: {topic: 'w', payload: ''}", "process.exit(0)", false, "3005000161000a e0020000"},
		{"exit with a status", "will: {topic: 'w', payload: ''}", "process.exit(3)", false, "30040001610a e000"},
		{"exception behind an end", "will: {topic: 'w', payload: ''}", "c.end(); throw new Error('no')", true, "30040001610a e000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', `+c.options+`});
c.on('connect', () => { c.publish('a', '\n'); `+c.end+`; });`)
			conn := server.Accept()
			conn.Accept()
			var got []string
			for {
				p, err := conn.TryPacket()
				if err != nil {
					break
				}
				got = append(got, fmt.Sprintf("%x", p))
			}
			conn.Close()
			err := <-s.done
			if failed := errors.As(err, new(*jsre.ScriptError)); failed != c.fails {
				t.Errorf("the script ended with: %v", err)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("sent %v, want %s", got, c.want)
			}
		})
	}
}
