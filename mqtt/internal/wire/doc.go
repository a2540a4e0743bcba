// Package wire turns bytes into packets and packets into bytes, for MQTT 3.1,
// 3.1.1 and 5. It does no I/O, keeps no state, takes no lock and reads no clock.
//
// It holds what a client needs. Each packet has one file: Parse for what a client
// receives, Append, Length and Validate for what it sends. The version is an argument,
// so one copy of the code serves all three. What a server in a test needs beside it,
// package mqtttest/packet makes of [Reader] and the same helpers.
//
// # Parsing
//
// [ParseHeader] reads the fixed header; the caller then collects Header.Length
// bytes and hands them to the parser of Header.Type. Parsers are strict: reserved
// bits, lengths that do not add up, bytes left over, ill-formed UTF-8, properties
// out of place and undefined reason codes are errors of type [*Error], which tells
// a malformed packet (0x81) from a protocol error (0x82).
//
// What a parser returns BORROWS the body: strings and byte slices are views of it
// and are good only until the caller reuses that memory. A string kept for longer
// needs strings.Clone. In exchange parsing allocates nothing.
//
// A parser judges one packet alone. Direction, order and the state of the session
// are the caller's to judge; [IsServerToClient] helps with the first.
//
// # Encoding
//
// The Append functions cannot fail and do not allocate when dst has room for Length
// more bytes. They trust their input: call Validate first on values from outside.
package wire
