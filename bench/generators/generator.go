package generators

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dunlin/bench/process"
	"dunlin/bench/report"
)

// Generator is a load generator that can be started.
type Generator struct {
	report.Version
	commands func(*task) [][]string // of each of its processes
	lines    bool                   // a line of stdin is a message
}

// load is a generator that works.
type load struct {
	processes []*exec.Cmd
	ended     sync.WaitGroup
	gone      chan error // the first that ended by itself
}

// start starts a generator on the first processor.
func (g *Generator) start(ctx context.Context, t *task) (*load, error) {
	commands := g.commands(t)
	l := &load{gone: make(chan error, len(commands))}
	input := ""
	if g.lines && !t.work.Subscribe {
		input = filepath.Join(t.dir, fmt.Sprint("lines", t.work.Size))
		if err := writeLines(input, t.work.Size); err != nil {
			return nil, err
		}
	}
	for _, args := range commands {
		if err := l.add(ctx, args, input); err != nil {
			l.stop()
			return nil, err
		}
	}
	return l, nil
}

func (l *load) add(ctx context.Context, args []string, input string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.WaitDelay = time.Second
	if input != "" {
		f, err := os.Open(input)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // the process has its own
		cmd.Stdin = f
	}
	process.EndWithParent(cmd)
	if err := process.Start(cmd, process.FirstCore); err != nil {
		return err
	}
	l.processes = append(l.processes, cmd)
	l.ended.Go(func() {
		err := cmd.Wait()
		l.gone <- fmt.Errorf("%s ended early: %s %s", filepath.Base(args[0]), reason(err), strings.TrimSpace(said.String()))
	})
	return nil
}

func reason(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// linesInFile is how many lines a file has: each process reads all of it, and none is to end before the others have begun.
const linesInFile = 1 << 20

// writeLines writes a file of lines of so many bytes, unless it is there.
func writeLines(file string, size int) error {
	if info, err := os.Stat(file); err == nil && info.Size() > 0 {
		return nil
	}
	line := append(bytes.Repeat([]byte("x"), size), '\n')
	return os.WriteFile(file, bytes.Repeat(line, linesInFile), 0o600)
}

// took is what a load took of the machine: time of the processors, and memory at most.
func (l *load) took() (cpu time.Duration, peak int64) {
	for _, p := range l.processes {
		cpu += process.Time(p.Process.Pid)
		_, most := process.Memory(p.Process.Pid)
		peak += most
	}
	return cpu, peak
}

// stop ends all processes and waits for them.
func (l *load) stop() {
	for _, p := range l.processes {
		_ = p.Process.Kill() // it may have ended
	}
	l.ended.Wait()
	close(l.gone)
}
