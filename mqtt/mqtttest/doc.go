// Package mqtttest helps to test programs that use MQTT: a server that does
// exactly what a test tells it, byte by byte, so that a client can be shown
// every answer, also wrong ones.
//
//	s := mqtttest.NewServer(t)
//	go client.Dial(ctx, s.URL(), config)
//	conn := s.Accept()
//	conn.Expect("10 0D 00044D5154540402003C000163")
//	conn.Send("20 02 0000")
//
// Bytes are written in hexadecimal, with blanks where they please. A step that
// does not come true fails the test at once.
package mqtttest
