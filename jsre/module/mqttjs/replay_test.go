package mqttjs_test

import (
	"testing"

	"dunlin/mqtt/mqtttest"
)

// The server cuts the connection in the middle of what is sent again, time and again: the order stays that
// of publish, new messages come behind the old ones, and each callback is called once.
func TestOrderWhenResendingIsCut(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', clean: false, reconnectPeriod: 1, messageIdProvider: new mqtt.UniqueMessageIdProvider()});
const publish = (m, qos) => c.publish('a', m, {qos}, err => { print(m, err || ''); if (m === '6') c.end(); });
c.once('connect', () => { publish('1', 1); publish('2', 2); publish('3', 1); });
let acks = 0;
c.on('packetreceive', p => {
  if (p.cmd === 'puback' && ++acks === 1) publish('4', 1); // while what is old is sent again
  if (p.cmd === 'pubrec') publish('5', 1);
});
c.on('close', () => { if (acks === 1) { acks++; publish('6', 1); } });`)
	accept := func() *mqtttest.Conn {
		conn := server.Accept()
		conn.Packet()
		conn.Send("20 02 0100")
		return conn
	}
	conn := accept()
	conn.Expect("32 06 000161 0001 31", "34 06 000161 0002 32", "32 06 000161 0003 33")
	conn.Close()
	conn = accept()
	conn.Expect("3A 06 000161 0001 31")
	conn.Close()
	conn = accept()
	conn.Expect("3A 06 000161 0001 31")
	conn.Send("40 02 0001")
	conn.Expect("3C 06 000161 0002 32")
	conn.Close()
	conn = accept()
	conn.Expect("3C 06 000161 0002 32")
	conn.Send("50 02 0002")
	conn.Expect("62 02 0002")
	conn.Close()
	conn = accept()
	conn.Expect("62 02 0002")
	conn.Send("70 02 0002")
	for _, m := range []struct{ publish, ack string }{
		{"3A 06 000161 0003 33", "40 02 0003"},
		{"32 06 000161 0004 34", "40 02 0004"},
		{"32 06 000161 0001 36", "40 02 0001"},
		{"32 06 000161 0005 35", "40 02 0005"},
	} {
		conn.Expect(m.publish)
		conn.Send(m.ack)
	}
	conn.Expect("E0 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("1 ", "2 ", "3 ", "4 ", "6 ", "5 ")
}
