package mosquittocli_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dunlin/internal/environ"
	"dunlin/internal/mosquittocli"
)

// server is a server of one connection: it notes the packets that come, and answers CONNECT with
// its own CONNACK and a publish of QoS 1 with the code.
type server struct {
	listener net.Listener
	connAck  []byte
	code     []byte
	packets  chan []string // of the connection, as hexadecimal digits
}

func startServer(t *testing.T, connAck string, code ...byte) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer, err := hex.DecodeString(connAck)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: l, connAck: answer, code: code, packets: make(chan []string, 1)}
	go s.serve()
	return s
}

func (s *server) serve() {
	var packets []string
	defer func() { s.packets <- packets }()
	conn, err := s.listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		head, err := in.Peek(2) // no packet here is longer than 127 bytes
		if err != nil {
			return
		}
		packet := make([]byte, 2+int(head[1]))
		if _, err := io.ReadFull(in, packet); err != nil {
			return
		}
		packets = append(packets, hex.EncodeToString(packet))
		switch {
		case packet[0] == 0x10:
			conn.Write(s.connAck)
		case packet[0]&0xf6 == 0x32:
			topic := int(packet[3])
			conn.Write(append([]byte{0x40, byte(2 + len(s.code)), packet[4+topic], packet[5+topic]}, s.code...))
		}
	}
}

// run calls one of the commands with "PORT" in its words replaced.
func (s *server) run(t *testing.T, line, stdin string, env ...string) (status int, stdout, stderr string) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(strings.ReplaceAll(line, "PORT", port))
	var out, errs bytes.Buffer
	status = mosquittocli.Run(t.Context(), environ.Environment{
		Name: words[0], Args: words[1:], Env: append([]string{"XDG_CONFIG_HOME=" + t.TempDir()}, env...),
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
	})
	return status, out.String(), errs.String()
}

const (
	accepted3 = "20020000"
	accepted5 = "2009000006120003616263" // with an identifier that the server has chosen, which MQTT 5 wants
	known5    = "2003000000"             // for a client with an identifier
)

// TestPackets: mosquitto_pub sends what mosquitto_pub 2.1.2 was seen to send, to the byte, but for DISCONNECT, which that one
// at times leaves out.
func TestPackets(t *testing.T) {
	const pub = "mosquitto_pub -h 127.0.0.1 -p PORT "
	for _, test := range []struct{ line, connAck, packets string }{
		{pub + "-t a -m b", accepted3, "100c00044d5154540402003c0000 300400016162"},
		{pub + "-t a -n -r", accepted3, "100c00044d5154540402003c0000 3103000161"},
		{pub + "-t a -m b -q 1 --repeat 3", accepted3, "100c00044d5154540402003c0000 3206000161000162 3206000161000262 3206000161000362"},
		{pub + "-t a -m b -V 5", accepted5, "101000044d5154540502003c032100140000 30050001610062"},
		{pub + "-t a -m b -D publish content-type x", accepted5, "101000044d5154540502003c032100140000 3009000161040300017862"},
		{pub + "-t a -m b -V 311 -D publish content-type x", accepted5, "101000044d5154540502003c032100140000 3009000161040300017862"},
		{pub + "-t a -m b -x 5", accepted5, "101500044d5154540502003c0811000000052100140000 30050001610062"},
		{pub + "-t a -m b -x 0 -V 5", accepted5, "101000044d5154540502003c032100140000 30050001610062"},
		{pub + "-t a -m b -x -1 -i q", known5, "101600044d5154540502003c0811ffffffff210014000171 30050001610062"},
		{pub + "-t a -m b -x ∞ -i q", known5, "101600044d5154540502003c0811ffffffff210014000171 30050001610062"},
		{pub + "-t a -m b -c -V 5 -i q", known5, "101600044d5154540500003c0811ffffffff210014000171 30050001610062"},
		{pub + "-t a -m b -c -V 5 -i q -x 9", known5, "101600044d5154540500003c081100000009210014000171 30050001610062"},
		{pub + "-t a -m x -c -i me", accepted3, "100e00044d5154540400003c00026d65 300400016178"},
		{pub + "-t a -m x -k 5", accepted3, "100c00044d515454040200050000 300400016178"},
		{pub + "-t a -m b -P p -V 5 -i q", known5, "101400044d5154540542003c03210014000171000170 30050001610062"},
		{pub + "-t a -m b -i q --will-topic w --will-qos 2 --will-retain --will-payload hello", accepted3, "101700044d5154540436003c000171000177000568656c6c6f 300400016162"},
		{pub + "-t a -m b -i q --will-topic w -V 5 -D will content-type x", known5, "101b00044d5154540506003c0321001400017104030001780001770000 30050001610062"},
		{pub + "-t a -m b -i q -V 5 -D will content-type x", known5, "101100044d5154540502003c03210014000171 30050001610062"},
		{"mosquitto_pub -m x -L mqtt://u:p@127.0.0.1:PORT/a/b", accepted3, "101200044d51545404c2003c0000000175000170 30060003612f6278"},
		{"mosquitto_pub -m x -L mqtt://u%40:p%2f@127.0.0.1:PORT/a%20b/", accepted3, "101800044d51545404c2003c0000000475253430000470253266 3009000661253230622f78"},
		{"mosquitto_pub -m x -L mqtt://a:b:c@127.0.0.1:PORT/a", accepted3, "101400044d51545404c2003c00000001610003623a63 300400016178"},
		{"mosquitto_pub -m x -L mqtt://127.0.0.1:PORT/a -t b", accepted3, "100c00044d5154540402003c0000 300400016278"},
		{"mosquitto_pub -m x -t b -L MQTT://127.0.0.1:PORT/a", accepted3, "100c00044d5154540402003c0000 300400016178"},
		{"mosquitto_pub -m x -u z -P k -L mqtt://u@127.0.0.1:PORT/a", accepted3, "101200044d51545404c2003c000000017500016b 300400016178"},
	} {
		s := startServer(t, test.connAck)
		status, stdout, stderr := s.run(t, test.line, "")
		if status != 0 || stdout != "" || stderr != "" {
			t.Errorf("%s: status %d, stdout %q, stderr %q", test.line, status, stdout, stderr)
			s.listener.Close()
			continue
		}
		packets := <-s.packets
		if last := len(packets) - 1; strings.HasPrefix(packets[last], "e0") {
			packets = packets[:last]
		}
		if got := strings.Join(packets, " "); got != test.packets {
			t.Errorf("%s: sent\n%s, Mosquitto\n%s", test.line, got, test.packets)
		}
	}
}

// TestServerRefuses: what a server refuses leads to the lines on stderr and the status that mosquitto_pub 2.1.2 was seen to have.
func TestServerRefuses(t *testing.T) {
	const (
		pub      = "mosquitto_pub -h 127.0.0.1 -p PORT -t a -m b "
		protocol = "Error: A network protocol error occurred when communicating with the broker\n"
		refused  = "Connection error: Connection Refused: "
		again    = "\nError: The connection was refused\n"
	)
	for _, test := range []struct {
		line, connAck string
		code          []byte
		status        int
		stderr        string
	}{
		{pub, "20020001", nil, 1, refused + "unacceptable protocol version" + again},
		{pub, "20020002", nil, 2, refused + "identifier rejected" + again},
		{pub, "20020003", nil, 3, refused + "broker unavailable" + again},
		{pub, "20020004", nil, 4, refused + "bad user name or password" + again},
		{pub, "20020005", nil, 5, refused + "not authorised" + again},
		{pub + "--quiet", "20020005", nil, 5, ""},
		{pub, "20020100", nil, 2, protocol},
		{pub + "-V 5", "2003008700", nil, 135, "Connection error: Not authorized\n" + protocol},
		{pub + "-V 5", "2003008400", nil, 132, "Connection error: Unsupported Protocol Version. Try connecting to an MQTT v5 broker, or use MQTT v3.x mode.\n" + protocol},
		{pub + "-V 5", "2003008a00", nil, 138, "Connection error: Banned\n" + protocol},
		{pub + "-V 5 -q 1", accepted5, []byte{0x87}, 0, "Warning: Publish 1 failed: Not authorized.\n"},
		{pub + "-V 5 -q 1", accepted5, []byte{0x10}, 0, ""},
		{pub + "-V 5 -q 1 --quiet", accepted5, []byte{0x87}, 0, ""},
	} {
		s := startServer(t, test.connAck, test.code...)
		status, stdout, stderr := s.run(t, test.line, "")
		if status != test.status || stdout != "" || stderr != test.stderr {
			t.Errorf("%s after CONNACK %s and code %x: status %d, stdout %q, stderr %q,\nwant %d, %q",
				test.line, test.connAck, test.code, status, stdout, stderr, test.status, test.stderr)
		}
	}
}

// TestDebugLines: -d writes the lines that mosquitto_pub 2.1.2 was seen to write.
func TestDebugLines(t *testing.T) {
	s := startServer(t, accepted5, 0x10)
	status, stdout, stderr := s.run(t, "mosquitto_pub -h 127.0.0.1 -p PORT -V 5 -t a -l -q 1 -d", "one\ntwo")
	want := strings.Join([]string{
		"Client null sending CONNECT",
		"Client abc received CONNACK (0)",
		"Client abc sending PUBLISH (d0, q1, r0, m1, 'a', ... (3 bytes))",
		"Client abc sending PUBLISH (d0, q1, r0, m2, 'a', ... (3 bytes))",
		"Client abc received PUBACK (Mid: 1, RC:16)",
		"Client abc received PUBACK (Mid: 2, RC:16)",
		"Client abc sending DISCONNECT",
	}, "\n")
	// An acknowledgement may overtake the second line of stdin.
	got := sortedLines(stdout)
	if status != 0 || stderr != "" || got != sortedLines(want) {
		t.Errorf("status %d, stderr %q, stdout\n%s\nwant\n%s", status, stderr, stdout, want)
	}
}

// TestOptionsFile: an options file is read as mosquitto_pub 2.1.2 was seen to read it, from -o, or from where the user has it.
func TestOptionsFile(t *testing.T) {
	for _, test := range []struct{ name, file, args, message, stderr string }{
		{"spaces are a part of the value", "-t a\n-m   hello  \n", "", "300c000161202068656c6c6f2020", ""},
		{"no quotes", "-t a\n-m \"x y\"\n", "", "30080001612278207922", ""},
		{"no escapes", "-t a\n-m a\\nb\n", "", "3007000161615c6e62", ""},
		{"spaces in front", "   -t a\n-m b\n", "", "300400016162", ""},
		{"comments and empty lines", "# x\n\n-t a\n-m b", "", "300400016162", ""},
		{"carriage returns", "-t a\r\n-m b\r\n", "", "300400016162", ""},
		{"no value", "-t a\n-n \n", "", "3003000161", ""},
		{"the command line counts", "-t a\n-m b\n", "-t z", "300400017a62", ""},
		{"-o in it is nothing", "-o other\n-t a\n-m b\n", "", "300400016162", ""},
		{"-o alone in it is nothing", "-o\n-t a\n-m b\n", "", "300400016162", ""},
		{"a tab is no space", "-t a\n-m\tb\n", "", "", "Error: Unknown option '-m\tb'.\n"},
		{"a tab is no space in front", "\t-t a\n-m b\n", "", "", "Error: Unknown option '\t-t'.\n"},
		{"a comment begins a line", "-t a\n -m b\n  # x\n", "", "", "Error: Unknown option '#'.\n"},
		{"two words without a value", "-t a\n-n x\n", "", "", "Error: Unknown option 'x'.\n"},
		{"a missing value", "-t a\n-m\n", "", "", "Error: -m argument given but no message specified.\n\n"},
		{"a wrong value", "-k 1\n", "", "", "Error: Invalid keepalive given, it must be between 5 and 65535 inclusive.\n\n"},
		{"a property", "-D publish content-type x\n", "", "", "Error: --property argument given but not enough arguments specified.\n\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "mosquitto_pub")
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			want := test.stderr
			if want != "" {
				want += "\nUse 'mosquitto_pub --help' to see usage.\n"
			}
			const place = "mosquitto_pub -h 127.0.0.1 -p PORT "
			users := []string{"XDG_CONFIG_HOME=" + filepath.Dir(file)}
			for line, env := range map[string][]string{place + "-o " + file + " " + test.args: nil, place + test.args: users} {
				s := startServer(t, accepted3)
				if _, _, stderr := s.run(t, line, "", env...); stderr != want {
					t.Errorf("%s: stderr %q, want %q", line, stderr, want)
				}
				s.listener.Close()
				packets := <-s.packets
				if test.message != "" && (len(packets) < 2 || packets[1] != test.message) {
					t.Errorf("%s: sent %q, want %s", line, packets, test.message)
				}
			}
		})
	}
}

// TestOptionsFileThatIsMissing: as Mosquitto 2.1.2, ours goes on without the file of -o and without a word.
func TestOptionsFileThatIsMissing(t *testing.T) {
	s := startServer(t, accepted3)
	status, _, stderr := s.run(t, "mosquitto_pub -h 127.0.0.1 -p PORT -o missing -t a -m b", "")
	if status != 0 || stderr != "" {
		t.Errorf("status %d, stderr %q, want 0 and nothing", status, stderr)
	}
}

func sortedLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
