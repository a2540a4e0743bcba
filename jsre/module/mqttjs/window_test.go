package mqttjs_test

import (
	"testing"

	"dunlin/mqtt/mqtttest"
)

// No more messages of QoS 1 and 2 are on their way than the server takes, messages keep their order, QoS 0
// among them, and what waits outlives the connection.
func TestReceiveMaximumOfTheServer(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {protocolVersion: 5, clientId: 'c', clean: false, reconnectPeriod: 1,
  messageIdProvider: new mqtt.UniqueMessageIdProvider(), autoAssignTopicAlias: true});
let n = 0;
const publish = (m, qos) => c.publish('a', m, {qos}, err => { print(m, err ? err.message : ""); if (++n === 7) c.end(); });
c.once('connect', () => {
  publish('1', 1); publish('2', 2); publish('3', 1); publish('4', 0); publish('5', 1); publish('6', 0); publish('7', 1);
  c.removeOutgoingMessage(5);
});`)
	conn := server.Accept()
	conn.Packet()
	conn.Send("20 09 00 00 06 21 0002 22 0005") // two messages at a time, five aliases
	conn.Expect("32 0A 000161 0001 03 23 0001 31", "34 09 0000 0002 03 23 0001 32")
	conn.Send("50 02 0002") // keeps its room until PUBCOMP
	conn.Expect("62 02 0002")
	conn.Send("40 02 0001")
	conn.Expect("32 09 0000 0003 03 23 0001 33", "30 07 0000 03 23 0001 34")
	conn.Close()
	conn = server.Accept()
	conn.Packet()
	conn.Send("20 06 01 00 03 21 0001")
	conn.Expect("62 02 0002")
	conn.Send("70 02 0002")
	conn.Expect("3A 07 000161 0003 00 33")
	conn.Send("40 02 0003")
	conn.Expect("32 07 000161 0004 00 35")
	conn.Send("40 02 0004")
	conn.Expect("30 05 000161 00 36")
	conn.Expect("E0 02 00 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("7 Message removed", "4 ", "1 ", "2 ", "3 ", "5 ", "6 ")
}
