package generators

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dunlin/bench/measure"
	"dunlin/bench/process"
	"dunlin/bench/report"
	"dunlin/mqtt"
)

// target is a server that counts the messages it got and gave.
type target interface {
	// task says how a work is done there. The target sees to it that there is something to receive.
	task(*report.LoadWork) (*task, error)
	// count waits for the next count of the messages of that work since the target began.
	count(context.Context, *report.LoadWork) (int64, error)
	pid() int
	close()
}

// ownServer is the server of the other measurements, which does as little as one can.
type ownServer struct {
	*measure.Server
	total [2]int64 // published to it, and sent by it
}

func startOwnServer(program, dir string) (target, error) {
	s, err := measure.StartServer(program, dir, process.OtherCores)
	return &ownServer{Server: s}, err
}

func (s *ownServer) task(w *report.LoadWork) (*task, error) {
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.Address("tcp"), "tcp://"))
	t := &task{work: w, port: port, topic: "bench/pub/%d"}
	if w.Subscribe {
		t.topic = fmt.Sprintf("flood/%d/%d/2000000000/%%d", w.QoS, w.Size)
	}
	return t, err
}

func (s *ownServer) count(_ context.Context, w *report.LoadWork) (int64, error) {
	c, err := s.Counts()
	for i := range c.Published {
		s.total[0] += c.Published[i]
		s.total[1] += c.Sent[i]
	}
	if w.Subscribe {
		return s.total[1], err
	}
	return s.total[0], err
}

func (s *ownServer) pid() int { return s.Process() }

func (s *ownServer) close() { _ = s.Close() } // nothing is wanted of it any more

// broker is a Mosquitto, which says each second what it has counted.
type broker struct {
	cmd     *exec.Cmd
	port    string
	monitor *mqtt.Client
	counts  [2]chan int64 // of messages from and to clients
	feeder  *exec.Cmd
	program string
}

// counters are the topics of what a broker counts.
var counters = [2]string{"$SYS/broker/publish/messages/received", "$SYS/broker/publish/messages/sent"}

func startMosquitto(ctx context.Context, program, dir string) (target, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "mosquitto.conf")
	settings := "listener " + port + " 127.0.0.1\nallow_anonymous true\nsys_interval 1\nlog_type error\n"
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		return nil, err
	}
	b := &broker{cmd: exec.CommandContext(ctx, "mosquitto", "-c", file), port: port, program: program}
	b.cmd.Stderr = os.Stderr
	process.EndWithParent(b.cmd)
	if err := process.Start(b.cmd, process.OtherCores); err != nil {
		return nil, err
	}
	if err := b.watch(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// watch connects who reads the counters.
func (b *broker) watch(ctx context.Context) error {
	err := errors.New("not tried")
	for range 200 { // until it listens
		if b.monitor, err = mqtt.Dial(ctx, "mqtt://127.0.0.1:"+b.port, mqtt.Config{ClientID: "monitor"}); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("mosquitto does not start: %w", err)
	}
	for i, topic := range counters {
		counts := make(chan int64, 1)
		b.counts[i] = counts
		_, err := b.monitor.Subscribe(ctx, mqtt.Subscription{Filter: topic, Handler: func(_ context.Context, m *mqtt.Received) {
			n, err := strconv.ParseInt(string(m.Payload), 10, 64)
			if err != nil {
				return
			}
			select { // the latest is wanted
			case <-counts:
			default:
			}
			counts <- n
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *broker) task(w *report.LoadWork) (*task, error) {
	t := &task{work: w, port: b.port, topic: "bench/pub/%d"}
	if !w.Subscribe {
		return t, nil
	}
	t.topic = feedTopic
	b.feeder = exec.Command(b.program, "feed", "mqtt://127.0.0.1:"+b.port, t.size())
	b.feeder.Stderr = os.Stderr
	process.EndWithParent(b.feeder)
	return t, process.Start(b.feeder, process.OtherCores)
}

func (b *broker) count(ctx context.Context, w *report.LoadWork) (int64, error) {
	counts := b.counts[0]
	if w.Subscribe {
		counts = b.counts[1]
	}
	select {
	case n := <-counts:
		return n, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func (b *broker) pid() int { return b.cmd.Process.Pid }

func (b *broker) close() {
	if b.monitor != nil {
		_ = b.monitor.Close(context.Background()) // the broker ends, too
	}
	for _, p := range []*exec.Cmd{b.feeder, b.cmd} {
		if p != nil && p.Process != nil {
			_ = p.Process.Kill() // it may have ended
			_ = p.Wait()         // by that signal
		}
	}
}
