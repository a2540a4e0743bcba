// Package lab is what the programs of faultlab have in common: their options,
// their progress on a terminal, and the line of JSON at their end.
package lab

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"
)

// The exit statuses of a program.
const (
	Passed = 0
	Failed = 1
	Usage  = 2
)

// mostFindings is how many findings a result shows; the counts tell of all.
const mostFindings = 20

// Flags returns a set of options for the program of that name, with -seed among
// them; about is the first line of its help.
func Flags(name, about string) (flags *flag.FlagSet, seed *uint64) {
	flags = flag.NewFlagSet("faultlab "+name, flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(flags.Output(), "faultlab %s [options]: %s\n\nOptions:\n", name, about)
		flags.PrintDefaults()
	}
	seed = flags.Uint64("seed", 0, "the seed of everything random; 0: a new one, shown in the result")
	return flags, seed
}

// Parse reads args into flags. done is true when the program has nothing more to
// do than to return exit. A zero seed becomes a random one.
func Parse(flags *flag.FlagSet, seed *uint64, args []string) (exit int, done bool) {
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return Passed, true
	case err != nil:
		return Usage, true
	case flags.NArg() > 0:
		return Misused(flags, "%q is no option", flags.Arg(0)), true
	}
	if *seed == 0 {
		*seed = uint64(rand.Uint32()) + 1 // short enough to be typed again
	}
	return Passed, false
}

// Misused says what is wrong with an option and returns the exit status Usage.
func Misused(flags *flag.FlagSet, format string, args ...any) int {
	_, _ = fmt.Fprintf(flags.Output(), "%s: %s; --help lists the options\n", flags.Name(), fmt.Sprintf(format, args...))
	return Usage
}

// Random returns the random numbers of one part of a program. Parts with
// different names get different numbers of the same seed.
func Random(seed uint64, part string) *rand.Rand {
	h := uint64(14695981039346656037) // FNV-1a
	for _, b := range []byte(part) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed, h))
}

// Result is what a program found. Its methods may be called by many goroutines.
type Result struct {
	program string
	seed    uint64
	start   time.Time

	mu       sync.Mutex
	sizes    map[string]any
	counts   map[string]any
	findings []string
	failed   bool
}

// NewResult returns an empty result of a program that begins now. Sizes are what
// the program was asked for.
func NewResult(program string, seed uint64, sizes map[string]any) *Result {
	return &Result{program: program, seed: seed, start: time.Now(), sizes: sizes, counts: map[string]any{}}
}

// Count sets a figure of the result.
func (r *Result) Count(name string, value any) {
	r.mu.Lock()
	r.counts[name] = value
	r.mu.Unlock()
}

// Fail says what was found wrong. The program has then failed.
func (r *Result) Fail(format string, args ...any) {
	r.mu.Lock()
	r.failed = true
	if len(r.findings) < mostFindings {
		r.findings = append(r.findings, fmt.Sprintf(format, args...))
	}
	r.mu.Unlock()
}

// End writes the line of JSON and returns the exit status.
func (r *Result) End(out io.Writer) (exit int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := json.Marshal(struct {
		Program  string         `json:"program"`
		Pass     bool           `json:"pass"`
		Sizes    map[string]any `json:"sizes"`
		Counts   map[string]any `json:"counts"`
		Findings []string       `json:"findings,omitempty"`
		Seed     uint64         `json:"seed"`
		Seconds  float64        `json:"seconds"`
	}{r.program, !r.failed, r.sizes, r.counts, r.findings, r.seed, float64(time.Since(r.start).Milliseconds()) / 1000})
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", line)
	}
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "faultlab %s: write the result: %v\n", r.program, err)
		return Failed
	}
	if r.failed {
		return Failed
	}
	return Passed
}

// Terminal returns f when it is a terminal, and otherwise a writer that throws
// away what it is given.
func Terminal(f *os.File) io.Writer {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return f
	}
	return io.Discard
}

// Show replaces the line of progress.
func Show(progress io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(progress, "\r\x1b[K%s", fmt.Sprintf(format, args...))
}

// Done removes the line of progress.
func Done(progress io.Writer) { _, _ = fmt.Fprint(progress, "\r\x1b[K") }

// Fields splits a list of an option at its commas.
func Fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
