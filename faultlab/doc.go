// Command faultlab breaks what an MQTT client stands on, again and again, and
// counts what was lost or came twice: processes killed, links cut at every byte,
// power lost, bits flipped, brokers away. Some programs take other clients too,
// so that their figures can stand beside ours.
//
//	faultlab PROGRAM [options]
//	faultlab --help
//
// Each program prints one line of JSON at its end. The exit status is 0 when it
// passed, 1 when it did not, and 2 when it was called wrongly.
package main
