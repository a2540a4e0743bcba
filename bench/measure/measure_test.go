package measure

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"dunlin/bench/drive"
	"dunlin/bench/process"
	"dunlin/bench/server"
	"dunlin/bench/work"
	"dunlin/mqtt/mqtttest/packet"
)

// TestMain lets the test program also be the server and a driver.
func TestMain(m *testing.M) {
	if len(os.Args) == 1 || strings.HasPrefix(os.Args[1], "-") {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case "serve":
		err = server.Serve(os.Stdin, os.Stdout)
	case "old":
		err = fmt.Errorf(drive.NoWork, os.Args[2])
	case "alone":
		if n := runtime.NumCPU() * runtime.GOMAXPROCS(0); n > 1 {
			err = fmt.Errorf("not alone on one processor: %d", n)
			break
		}
		fallthrough
	default:
		err = restless(os.Args[1], os.Args[3], os.Args[5], os.Args[6])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// restless is a driver that publishes at QoS 1 and does not keep quiet when it
// closes: it publishes once more, or sends what no client may.
func restless(how, address, warm, count string) error {
	all, errs := [2]int{}, [2]error{}
	all[0], errs[0] = strconv.Atoi(warm)
	all[1], errs[1] = strconv.Atoi(count)
	if errs[0] != nil || errs[1] != nil {
		return fmt.Errorf("%v", errs)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(address, "tcp://"))
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	if err := exchange(c, in, packet.AppendConnect(nil, &packet.Connect{Version: packet.V311, ClientID: "restless", CleanStart: true})); err != nil {
		return err
	}
	m := packet.Publish{Topic: "a", QoS: 1, PacketID: 1}
	for range all[0] + all[1] {
		if err := exchange(c, in, packet.AppendPublish(nil, packet.V311, &m)); err != nil {
			return err
		}
	}
	fmt.Printf("begin\n{\"secs\":1,\"n\":%d}\n", all[1])
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if how == "alone" {
		return nil
	}
	if how == "publishes" {
		return exchange(c, in, packet.AppendPublish(nil, packet.V311, &m))
	}
	_ = exchange(c, in, []byte{0xF0, 0}) // the server closes once it has noted that
	return nil
}

// exchange sends a packet and waits for its answer, which has four bytes.
func exchange(c net.Conn, in io.Reader, out []byte) error {
	if _, err := c.Write(out); err != nil {
		return err
	}
	_, err := io.ReadFull(in, make([]byte, 4))
	return err
}

// TestClosingIsNotTheNextOnes has clients that do something after they were checked:
// whoever comes next is not charged with it.
func TestClosingIsNotTheNextOnes(t *testing.T) {
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each process takes a second to end
	for _, how := range []string{"publishes", "errs"} {
		d := Driver{Client: work.Client{Name: how, Table: []string{work.Speed}}, command: []string{os.Args[0], how}}
		plan := Plan{
			Works:   []work.Work{{Name: "pub1", Table: work.Speed, Do: "pub1", Net: "tcp"}},
			Drivers: []Driver{d, d}, Seconds: 1e-9, Dir: t.TempDir(), Program: os.Args[0], // trials only
		}
		results, err := plan.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Fault != "" {
				t.Errorf("%s when it closes: %s", how, r.Fault)
			}
		}
	}
}

// TestWhoGetsNoServerFailed has a server that does not come back after a fault.
func TestWhoGetsNoServerFailed(t *testing.T) {
	w := work.Work{Name: "pub1", Do: "pub1", Net: "tcp"}
	dir := t.TempDir()
	s, err := StartServer(os.Args[0], dir, process.Anywhere)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	r := &runner{Plan: &Plan{Program: dir, Seconds: 1}, dir: dir, server: s}
	for range 2 {
		e := &entry{work: &w, driver: &Driver{command: []string{os.Args[0], "publishes"}}}
		if _, err := r.measure(t.Context(), e, 1); err == nil || e.result.Fault == "" {
			t.Errorf("error %v, fault %q", err, e.result.Fault)
		}
	}
}

// TestEarlierDriverMayNotKnowAWork has an earlier build be no failure for that, and says
// what is wrong with a driver of today.
func TestEarlierDriverMayNotKnowAWork(t *testing.T) {
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each process takes a second to end
	c := work.Client{Name: "old", Table: []string{work.Speed}}
	today := Driver{Client: c, command: []string{os.Args[0], "old"}}
	earlier := today
	earlier.Commit = "abc"
	plan := Plan{
		Works:   []work.Work{{Name: "fresh", Table: work.Speed, Do: "fresh", Net: "tcp"}},
		Drivers: []Driver{today, earlier}, Rounds: 1, Seconds: 1e-9, Dir: t.TempDir(), Program: os.Args[0],
	}
	results, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Unknown || r.Fault != errNoWork.Error() {
		t.Errorf("today's driver: %+v", r)
	}
	if r := results[1]; !r.Unknown || r.Fault != "" || len(r.Samples) > 0 {
		t.Errorf("the earlier driver: %+v", r)
	}
}
