package mqtt_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// vector is a row of the vectors: what a server sends in a phase of a
// connection, and what the client must make of it.
type vector struct {
	id, phase, expect string
	version           mqtt.Version
	sends             []byte
	code              byte
	replies           [][]byte // any of them
}

// readVectors reads the rows; one for several versions becomes several.
func readVectors(t *testing.T) (rows []vector) {
	t.Helper()
	f, err := os.Open("internal/wire/testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(cells[0], "#") {
			continue
		}
		for _, version := range strings.Split(cells[1], "|") {
			v := vector{id: cells[0], version: mqtt.Version(version[0] - '0'), phase: cells[2], expect: cells[4]}
			v.sends = vectorBytes(t, cells[0], cells[3], v.version)
			code, _ := strconv.ParseUint(cells[5], 16, 8) // empty: 0
			v.code = byte(code)
			for _, reply := range strings.Split(cells[6], "|") {
				v.replies = append(v.replies, mustHex(t, reply))
			}
			rows = append(rows, v)
		}
	}
	return rows
}

// vectorBytes reads the bytes of a row, or makes those of the SIZE family.
func vectorBytes(t *testing.T, id, text string, version mqtt.Version) []byte {
	t.Helper()
	size, isSize := strings.CutPrefix(id, "SIZE-")
	if !isSize {
		return mustHex(t, text)
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		t.Fatal(err)
	}
	b := mustHex(t, map[int]string{127: "30 7F", 16383: "30 FF7F"}[n])
	body := make([]byte, n)
	copy(body, "\x00\x01t")
	if version == mqtt.V5 {
		body[3] = 0
	}
	return append(b, body...)
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := mqtttest.ParseHex(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectorRun is one row played against a client.
type vectorRun struct {
	vector
	mode   mqtttest.WriteMode
	server net.Conn
	client *mqtt.Client
	dialed chan error
	got    []byte // what the client sends, from the packet under test on
	heard  chan struct{}
}

// TestPacketVectors plays every row of the packet vectors in the three write modes.
//
// It shows CA-07: reserved return codes of CONNACK; CA-08: every reason code that refuses CONNECT
// [MQTT-4.13.2-1]; CA-09: undefined reason codes of CONNACK; CA-11: reserved acknowledge flags of
// CONNACK [MQTT-4.8.0-1]; CA-12: session present after a clean start [MQTT-3.1.2-6] of 3.1.1;
// CA-18: other packet in place of CONNACK; CA-21: CONNACK of a wrong length, 3.1.1; CA-22: CONNACK
// of a wrong length, 5; CA-23: property length of CONNACK that does not fit; CA-24: every property
// of CONNACK; CA-25: flags in the fixed header of CONNACK [MQTT-2.1.3-1]; CA-26: forbidden values
// in CONNACK; CA-27: property twice in CONNACK; CA-28: property of other packets in CONNACK; CA-29:
// unknown property in CONNACK; KA-15: bad PINGRESP; P1-05: undefined code in PUBACK [MQTT-3.4.2-1];
// P1-09: PUBACK for identifier 0 [MQTT-2.3.1-1]; P1-15: malformed PUBACK; P1-16: flags of PUBACK
// [MQTT-2.2.2-2]; P1-17: properties of PUBACK; P2-05: bad PUBREC [MQTT-3.5.2-1]; P2-07: PUBREC for
// an unknown identifier [MQTT-3.6.2-1]; RX-16: all forms of PUBREL; RX-24: bad PUBREL
// [MQTT-3.6.1-1]; RX-31: several subscription identifiers; RX-32: range of subscription
// identifiers; SU-10: reserved codes in SUBACK; SU-13: no codes in SUBACK; SU-15: malformed SUBACK;
// SU-29: properties of SUBACK; UN-04: every failure code of UNSUBACK; UN-05: wrong number of codes
// in UNSUBACK; UN-06: bad UNSUBACK; DC-08: every code of the server's DISCONNECT; DC-11: malformed
// DISCONNECT [MQTT-3.14.1-1] of 5; DC-13: DISCONNECT of a 3.1.1 server; AU-08: wrong reason code of
// AUTH; AU-09: bad AUTH [MQTT-3.15.2-1]; MF-01: remaining length of five bytes; MF-02: fifth byte
// is not waited for; MF-03: remaining length that is not minimal [MQTT-1.5.5-1]; MF-07: packet type
// 0; MF-08: packet type 15 before MQTT 5; MF-09: packets that only clients send; MF-10: reserved
// flags of every type; MF-11: QoS 3 [MQTT-3.3.1-4]; MF-12: PUBLISH cut at every byte
// [MQTT-3.3.2-1]; MF-13: string longer than its packet; MF-14: U+0000 in a string [MQTT-1.5.3-2];
// MF-15: surrogates in a string [MQTT-1.5.3-1]; MF-16: other ill-formed UTF-8 [MQTT-1.5.7-1];
// MF-19: property twice; MF-20: property that is not allowed; MF-21: property without value; MF-22:
// property list longer than its packet; MF-23: property length badly encoded; MF-24: bytes too many
// in a packet; MF-26: every reason code of every packet; MF-32: bad AUTH [MQTT-3.15.1-1]; RX-37:
// message with an empty topic [MQTT-4.7.3-1]; RX-38: message with a wildcard in its topic
// [MQTT-3.3.2-2]; TA-05: alias 0 [MQTT-3.3.2-8]; TA-06: alias above our maximum; CA-10: CONNECT
// refused though a session is present.
//
// It keeps out T-A23: a short string is filled up with zeros; T-A24: bytes too many are accepted;
// T-A29: faults found in a packet are dropped; T-A34: a broken protocol leaves the connection open;
// T-A39: a DISCONNECT after a broken protocol suppresses the will; peer 4.23: reserved flags,
// lengths and identifiers are not checked.
func TestPacketVectors(t *testing.T) {
	rows := readVectors(t)
	if len(rows) < 2469 {
		t.Fatalf("%d rows", len(rows))
	}
	for mode, name := range []string{"whole", "bytewise", "coalesced"} {
		for part := range 4 {
			t.Run(fmt.Sprintf("%s-%d", name, part), func(t *testing.T) {
				t.Parallel()
				for i := part; i < len(rows); i += 4 {
					r := &vectorRun{vector: rows[i], mode: mqtttest.WriteMode(mode)}
					if err := r.play(); err != nil {
						t.Errorf("%s (version %d, %s): % X: %v", r.id, r.version, r.phase, head(r.sends), err)
					}
				}
			})
		}
	}
}

func head(b []byte) []byte { return b[:min(len(b), 40)] }

// oneMethod takes part in the phase auth.
type oneMethod struct{}

func (oneMethod) Method() string                                   { return "m" }
func (oneMethod) Start(context.Context) ([]byte, error)            { return nil, nil }
func (oneMethod) Continue(context.Context, []byte) ([]byte, error) { return nil, nil }
func (oneMethod) Finish(context.Context, []byte) error             { return nil }

// play connects, brings the connection into the row's phase, sends its bytes and
// judges.
func (r *vectorRun) play() error {
	ours, theirs := net.Pipe()
	r.server = theirs
	defer r.server.Close()
	cfg := mqtt.Config{
		ClientID: "c", Version: r.version, KeepAlive: -1, Limits: mqtt.Limits{TopicAliases: -1},
		OnMessage: func(context.Context, *mqtt.Received) {},
	}
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
	if r.id == "PROP-CONNACK-12" { // an Assigned Client Identifier is for a client without one
		cfg.ClientID = ""
	}
	if r.phase == "auth" {
		cfg.Auth = oneMethod{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r.dialed = make(chan error, 1)
	go func() {
		var err error
		r.client, err = mqtt.Dial(ctx, "mqtt://pipe", cfg)
		r.dialed <- err
		close(r.dialed)
	}()
	_ = r.server.SetDeadline(time.Now().Add(time.Minute)) // the reads and writes tell
	if err := r.reachPhase(); err != nil {
		return fmt.Errorf("phase not reached: %w", err)
	}
	r.heard = make(chan struct{})
	go r.listen()
	err := r.judge(ctx)
	_ = r.server.Close()
	<-r.heard
	for range r.dialed { // Dial has returned
	}
	if r.client != nil {
		err = errors.Join(err, r.client.Close(context.Background()))
	}
	return err
}

// reachPhase goes through the handshake and what the phase wants before.
func (r *vectorRun) reachPhase() error {
	if _, err := r.packet(); err != nil {
		return err
	}
	if r.phase == "pre" || r.phase == "auth" {
		return nil
	}
	accept := "\x20\x02\x00\x00"
	if r.version == mqtt.V5 {
		accept = "\x20\x03\x00\x00\x00"
	}
	if err := r.exchange(accept, 0); err != nil {
		return err
	}
	if err := <-r.dialed; err != nil {
		return err
	}
	ctx := context.Background()
	switch r.phase {
	case "pub1", "pub2", "rel":
		qos := mqtt.QoS(2)
		if r.phase == "pub1" {
			qos = 1
		}
		if _, err := r.client.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: qos}, nil); err != nil {
			return err
		}
		if r.phase == "rel" {
			return errors.Join(r.exchange("", 1), r.exchange("\x50\x02\x00\x01", 1))
		}
		return r.exchange("", 1)
	case "sub":
		if _, err := r.client.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "a"}}, nil); err != nil {
			return err
		}
		return r.exchange("", 1)
	case "uns":
		if _, err := r.client.UnsubscribeAsync(context.Background(), []string{"a"}, nil); err != nil {
			return err
		}
		return r.exchange("", 1)
	case "in2":
		if r.version == mqtt.V5 {
			return r.exchange("\x34\x06\x00\x01t\x00\x01\x00", 1)
		}
		return r.exchange("\x34\x05\x00\x01t\x00\x01", 1)
	}
	return nil
}

// exchange sends and then reads so many packets.
func (r *vectorRun) exchange(send string, packets int) error {
	if _, err := r.server.Write([]byte(send)); err != nil {
		return err
	}
	for range packets {
		if _, err := r.packet(); err != nil {
			return err
		}
	}
	return nil
}

func (r *vectorRun) packet() ([]byte, error) {
	return readPacket(bufio.NewReaderSize(oneByte{r.server}, 16))
}

// oneByte keeps a buffered reader from reading ahead.
type oneByte struct{ net.Conn }

func (c oneByte) Read(b []byte) (int, error) { return c.Conn.Read(b[:min(len(b), 1)]) }

// listen collects what the client says until it closes. It closes in answer to
// a DISCONNECT, as a server does.
func (r *vectorRun) listen() {
	defer close(r.heard)
	for {
		p, err := r.packet()
		r.got = append(r.got, p...)
		if err != nil || p[0] == 0xE0 {
			_ = r.server.Close()
			return
		}
		if len(p) >= 4 && p[0] == 0x40 && p[2] == 0xFF && p[3] == 0xFF { // the sign of life
			return
		}
	}
}

// send writes b in the row's mode. The client may have gone away meanwhile.
func (r *vectorRun) send(b []byte) {
	if r.mode != mqtttest.Bytewise {
		_, _ = r.server.Write(b)
		return
	}
	for i := range b {
		if _, err := r.server.Write(b[i : i+1]); err != nil {
			return
		}
	}
}

// alive is a QoS 1 message that a client which goes on must acknowledge.
func (r *vectorRun) alive() []byte {
	if r.version == mqtt.V5 {
		return []byte("\x32\x07\x00\x01a\xFF\xFF\x00p")
	}
	return []byte("\x32\x06\x00\x01a\xFF\xFFp")
}

func (r *vectorRun) judge(ctx context.Context) error {
	survives := r.expect == "accept" || r.expect == "tolerate"
	switch {
	case survives && r.phase != "pre" && r.phase != "auth" && r.mode == mqtttest.Coalesced:
		r.send(append(slices.Clone(r.sends), r.alive()...))
	default:
		r.send(r.sends)
	}
	if r.phase == "pre" || r.phase == "auth" {
		if survives && r.sends[0]>>4 == 15 { // a challenge: its answer is the sign
			return nil
		}
		err := <-r.dialed
		if survives != (err == nil) {
			return fmt.Errorf("connect: %s, expected %s", fmt.Sprint(err), r.expect)
		}
		if refused := (*mqtt.ConnectError)(nil); r.expect == "refuse" && (!errors.As(err, &refused) || byte(refused.Code) != r.code) {
			return fmt.Errorf("connect: %s, expected refusal %02X", fmt.Sprint(err), r.code)
		}
	}
	if survives {
		return r.judgeLife(ctx)
	}
	select {
	case <-r.heard:
	case <-ctx.Done():
		return errors.New("the client does not close")
	}
	return r.judgeEnd()
}

// judgeLife waits for the sign of life and compares what came before.
func (r *vectorRun) judgeLife(ctx context.Context) error {
	if r.phase == "pre" || r.mode != mqtttest.Coalesced {
		r.send(r.alive())
	}
	select {
	case <-r.heard:
	case <-ctx.Done():
		return errors.New("the client does not answer")
	}
	reply, lives := bytes.CutSuffix(r.got, []byte("\x40\x02\xFF\xFF"))
	if !lives {
		return fmt.Errorf("the client said % X and went", r.got)
	}
	if !slices.ContainsFunc(r.replies, func(want []byte) bool { return bytes.Equal(reply, want) }) {
		return fmt.Errorf("the client replied % X, expected % X", reply, r.replies)
	}
	return nil
}

// judgeEnd compares the client's last words: none before MQTT 5, a DISCONNECT
// with the row's code since.
func (r *vectorRun) judgeEnd() error {
	switch {
	case len(r.got) == 0 && (r.version < mqtt.V5 || r.phase == "pre" || r.phase == "auth" || r.expect != "close"):
		return nil
	case r.version < mqtt.V5:
		return fmt.Errorf("the client said % X before it closed", r.got)
	case r.expect == "disconnected" && len(r.got) == 3 && r.got[2] >= 0x81: // the packet was malformed
		return nil
	case r.expect != "close" || len(r.got) != 3 || r.got[0] != 0xE0:
		return fmt.Errorf("the client said % X, expected %s %02X", r.got, r.expect, r.code)
	}
	if got := r.got[2]; got != r.code && !(general(got) && general(r.code)) {
		return fmt.Errorf("the client said % X, expected code %02X", r.got, r.code)
	}
	return nil
}

// general reports whether code is one of the two that the rows do not tell
// apart: malformed packet and protocol error.
func general(code byte) bool { return code == 0x81 || code == 0x82 }
