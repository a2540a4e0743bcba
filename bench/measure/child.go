package measure

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"dunlin/bench/drive"
	"dunlin/bench/process"
	"dunlin/bench/report"
	"dunlin/bench/work"
)

// job is one call of a driver.
type job struct {
	driver  *Driver
	work    *work.Work
	warm    int
	count   int
	profile string
}

func (j *job) args(s *Server) []string {
	args := append([]string{}, j.driver.command...)
	return append(args, j.work.Do, s.addresses[j.work.Net],
		strconv.Itoa(j.work.Size), strconv.Itoa(j.warm), strconv.Itoa(j.count))
}

// run does j and returns what was measured. It ends the driver when ctx ends.
func (j *job) run(ctx context.Context, s *Server, dir string) (report.Sample, error) {
	args := j.args(s)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	process.EndWithParent(cmd)
	cmd.Env = append(os.Environ(), "BENCH_CA="+s.ca, "BENCH_N="+strconv.Itoa(j.work.N), "BENCH_SYNC="+j.work.Sync,
		"BENCH_PROFILE="+j.profile, "BENCH_DIR="+dir)
	if j.work.View {
		cmd.Env = append(cmd.Env, "BENCH_VIEW=1")
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		return report.Sample{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return report.Sample{}, err
	}
	where := process.Anywhere
	if j.work.Core {
		where = process.FirstCore
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
	}
	if err := process.Start(cmd, where); err != nil {
		return report.Sample{}, err
	}
	sample, err := watch(cmd.Process.Pid, out)
	if err == nil {
		err = j.check(s, &sample)
	}
	ended := j.end(cmd, in, err != nil)
	switch {
	case ctx.Err() != nil:
		return sample, context.Cause(ctx)
	case err == nil:
		return sample, ended
	case strings.Contains(complaints.String(), fmt.Sprintf(drive.NoWork, j.work.Do)):
		return sample, errNoWork
	default:
		return sample, fmt.Errorf("%w%s", err, lastLines(complaints.String()))
	}
}

// errNoWork is what a driver says that does not know a work: that of an earlier build
// may be older than it.
var errNoWork = errors.New("the driver does not know this work")

// end lets the driver go: it may end by itself, unless it cannot or failed.
func (j *job) end(cmd *exec.Cmd, in io.Closer, failed bool) error {
	if j.driver.stop || failed {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // by that signal
		return nil
	}
	return errors.Join(in.Close(), cmd.Wait())
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	lines = lines[max(0, len(lines)-3):]
	if lines[0] == "" {
		return ""
	}
	return ": " + strings.Join(lines, "; ")
}

// watch reads what a driver prints and looks at its process at the same moments.
func watch(pid int, out io.Reader) (report.Sample, error) {
	var sample report.Sample
	lines := bufio.NewScanner(out)
	if !lines.Scan() || strings.TrimSpace(lines.Text()) != "begin" {
		return sample, fmt.Errorf("the driver did not begin %s", lines.Text())
	}
	before := process.Time(pid)
	if !lines.Scan() {
		return sample, errors.New("the driver ended without a report")
	}
	sample.CPU = (process.Time(pid) - before).Seconds()
	sample.RSS, sample.Peak = process.Memory(pid)
	if err := json.Unmarshal(lines.Bytes(), &sample.Report); err != nil {
		return sample, fmt.Errorf("the driver's report: %w", err)
	}
	return sample, nil
}

// check compares what the driver says with what the server saw.
func (j *job) check(s *Server, sample *report.Sample) error {
	seen, err := s.Counts()
	if err != nil {
		return fmt.Errorf("the server complains: %w", err)
	}
	if j.work.Once() {
		return nil
	}
	want := int64(j.warm + j.count)
	if sample.Count != j.count {
		return fmt.Errorf("the driver did %d messages of %d", sample.Count, j.count)
	}
	if qos, ok := j.work.Published(); ok && seen.Published[qos] != want {
		return fmt.Errorf("the server got %d messages of %d", seen.Published[qos], want)
	}
	if qos, ok := j.work.Received(); ok && seen.Sent[qos] != want {
		return fmt.Errorf("the server sent %d messages of %d", seen.Sent[qos], want)
	}
	return nil
}
