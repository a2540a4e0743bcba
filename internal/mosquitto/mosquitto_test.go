package mosquitto_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run calls one of Mosquitto's own clients against the broker.
func run(t *testing.T, b *mosquitto.Broker, tool string, args ...string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, append([]string{"-h", host, "-p", port}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// roundTrip publishes a retained message and reads it back.
func roundTrip(t *testing.T, b *mosquitto.Broker, args ...string) {
	t.Helper()
	if out, err := run(t, b, "mosquitto_pub", append(args, "-t", "a/b", "-m", "hello", "-q", "1", "-r")...); err != nil {
		t.Fatalf("publish: %v: %s\n%s", err, out, b.Log())
	}
	readBack(t, b, args...)
}

func readBack(t *testing.T, b *mosquitto.Broker, args ...string) {
	t.Helper()
	out, err := run(t, b, "mosquitto_sub", append(args, "-t", "a/b", "-C", "1", "-W", "5")...)
	if err != nil || out != "hello" {
		t.Fatalf("subscribe: %v, got %q, want hello\n%s", err, out, b.Log())
	}
}

func TestPlain(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	roundTrip(t, b)
	if !strings.HasPrefix(b.URL(), "mqtt://127.0.0.1:") {
		t.Errorf("URL %q", b.URL())
	}
	b.WaitLog("Received PUBLISH from")
}

func TestTwoBrokersAtOnce(t *testing.T) {
	a, b := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	if a.Addr() == b.Addr() {
		t.Fatalf("both at %s", a.Addr())
	}
	roundTrip(t, a)
	roundTrip(t, b)
}

func TestUsers(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "s3cret:x", "bob": "other"}})
	roundTrip(t, b, "-u", "ann", "-P", "s3cret:x")
	for _, args := range [][]string{{}, {"-u", "ann", "-P", "wrong"}, {"-u", "eve", "-P", "other"}} {
		if out, err := run(t, b, "mosquitto_pub", append(args, "-t", "a", "-m", "x")...); err == nil {
			t.Errorf("%v was let in: %s", args, out)
		}
	}
}

func TestTLS(t *testing.T) {
	ca := testcert.NewAuthority(t)
	b := mosquitto.Start(t, mosquitto.Options{TLS: ca})
	roundTrip(t, b, "--cafile", ca.File(t))
	if !strings.HasPrefix(b.URL(), "mqtts://") {
		t.Errorf("URL %q", b.URL())
	}
	if _, err := run(t, b, "mosquitto_pub", "--cafile", testcert.NewAuthority(t).File(t), "-t", "a", "-m", "x"); err == nil {
		t.Error("a certificate of an unknown authority was taken")
	}
}

func TestClientCertificates(t *testing.T) {
	ca := testcert.NewAuthority(t)
	server := ca.Server(t, testcert.Options{})
	b := mosquitto.Start(t, mosquitto.Options{TLS: ca, Certificate: &server, ClientCerts: true})
	if _, err := run(t, b, "mosquitto_pub", "--cafile", ca.File(t), "-t", "a", "-m", "x"); err == nil {
		t.Error("a client without a certificate was let in")
	}
	cert, key := ca.Client(t, testcert.Options{CommonName: "sensor"}).Files(t)
	roundTrip(t, b, "--cafile", ca.File(t), "--cert", cert, "--key", key)
}

func TestKillAndRestart(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	addr := b.Addr()
	for _, end := range []func(){b.Kill, b.Stop} {
		roundTrip(t, b)
		end()
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Fatal("the broker still accepts after its end")
		}
		b.Restart()
		if b.Addr() != addr {
			t.Fatalf("restarted at %s, was at %s", b.Addr(), addr)
		}
	}
	b.Restart() // while it runs
	roundTrip(t, b)
}

func TestPersistence(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Persistence: true})
	roundTrip(t, b)
	b.Stop()
	b.Restart()
	readBack(t, b)

	forgetful := mosquitto.Start(t, mosquitto.Options{})
	roundTrip(t, forgetful)
	forgetful.Stop()
	forgetful.Restart()
	if out, err := run(t, forgetful, "mosquitto_sub", "-t", "a/b", "-C", "1", "-W", "1"); err == nil {
		t.Errorf("without persistence %q survived", out)
	}
}

func TestFreeze(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b.Freeze()
	connect := []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'x'}
	if _, err := conn.Write(connect); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4)
	if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(answer); !os.IsTimeout(err) {
		t.Fatalf("a frozen broker answered %d bytes, %v", n, err)
	}
	b.Thaw()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(answer); err != nil || !bytes.Equal(answer, []byte{0x20, 2, 0, 0}) {
		t.Fatalf("after the thaw: % x, %v", answer, err)
	}
}

func TestExtraConfigAndFixedPort(t *testing.T) {
	first := mosquitto.Start(t, mosquitto.Options{})
	first.Stop()
	_, port, _ := net.SplitHostPort(first.Addr())
	b := mosquitto.Start(t, mosquitto.Options{
		Port:   parsePort(t, port),
		Config: []string{"max_queued_messages 7", "allow_anonymous false"},
	})
	if b.Addr() != first.Addr() {
		t.Errorf("at %s, asked for %s", b.Addr(), first.Addr())
	}
	if out, err := run(t, b, "mosquitto_pub", "-t", "a", "-m", "x"); err == nil {
		t.Errorf("anonymous was let in: %s", out)
	}
}

func parsePort(t *testing.T, s string) int {
	t.Helper()
	port, err := net.LookupPort("tcp", s)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
