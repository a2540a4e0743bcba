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

// TestPacketVectors plays every row in the three write modes:
//
//	CA-07..CA-09, CA-11, CA-12, CA-18, CA-21..CA-29, KA-15,
//	P1-05, P1-09, P1-15..P1-17, P2-05, P2-07, RX-16, RX-24, RX-31, RX-32,
//	SU-10, SU-13, SU-15, SU-29, UN-04..UN-06, DC-08, DC-11, DC-13, AU-08, AU-09,
//	MF-01..MF-03, MF-07..MF-16, MF-19..MF-24, MF-26, MF-32, RX-37, RX-38, TA-05, TA-06, CA-10,
//	T-A23, T-A24, T-A29, T-A34, T-A39, peer 4.23
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
	if r.id == "PROP-CONNACK-12" { // an Assigned Client Identifier is for a client without one (D-4)
		cfg.ClientID = ""
	}
	if r.phase == "auth" {
		cfg.Auth = oneMethod{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r.dialed = make(chan error, 1)
	go func() {
		var err error
		r.client, err = mqtt.Dial(ctx, "mqtt://pipe", cfg)
		r.dialed <- err
		close(r.dialed)
	}()
	_ = r.server.SetDeadline(time.Now().Add(10 * time.Second)) // the reads and writes tell
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
