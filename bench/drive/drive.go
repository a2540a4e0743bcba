// Package drive is what the drivers written in Go share: their arguments and
// their report. A driver is a program of its own, so that its memory and CPU time
// are. It is called as
//
//	driver WORK URL SIZE WARM COUNT
//
// connects, does WARM messages of the work to warm up, prints "begin", does COUNT
// messages, prints a Report as one line of JSON, and waits for the end of its
// standard input. The caller takes the CPU time between the two lines, so that
// every language is measured alike. What only some works need is in the
// environment: see Setup. Drivers of earlier commits are called in the same way, so
// what is here may grow but not change.
package drive

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
)

// Setup says what a driver has to do.
type Setup struct {
	Work        string
	URL         string // tcp://, tls:// or ws:// with host and port
	Size        int    // of a payload, in bytes
	Warm, Count int

	CA      string // file with the certificate to trust; BENCH_CA
	Dir     string // empty folder for what has to be durable; BENCH_DIR
	Sync    string // always or interval; BENCH_SYNC
	Profile string // begin of the names of profiles to write, or empty; BENCH_PROFILE
	N       int    // of clients, subscriptions or messages in flight; 0: see InFlight; BENCH_N
	View    bool   // handlers do not keep what they get; BENCH_VIEW

	in  io.Reader
	out io.Writer
}

// Window is how many QoS 1 and 2 messages are in flight, unless the work says
// otherwise.
const Window = 100

// Unbounded is how many are in flight where a client has no bound: there are no more
// packet identifiers.
const Unbounded = 65535

// NoWork is how a driver that does not know a work complains.
const NoWork = "no work %q"

// Report is what a driver says at the end. Zero: it does not know.
type Report struct {
	Seconds    float64 `json:"secs"`
	Count      int     `json:"n"`
	P50        float64 `json:"p50_us,omitempty"`
	P99        float64 `json:"p99_us,omitempty"`
	Mallocs    uint64  `json:"mallocs,omitempty"`    // between begin and end
	Allocated  uint64  `json:"allocated,omitempty"`  // bytes, in the same time
	Heap       float64 `json:"heap,omitempty"`       // bytes a client
	Stack      float64 `json:"stack,omitempty"`      // bytes a client
	Goroutines float64 `json:"goroutines,omitempty"` // a client
	InFlight   int     `json:"inFlight,omitempty"`   // messages at most, where the work is about publishing
}

// Works are a driver's, by name.
type Works map[string]func(*Run) error

// Main runs the work that the arguments name. It does not return.
func Main(works Works) {
	s, err := Parse(os.Args[1:], os.Getenv)
	if err == nil {
		s.in, s.out = os.Stdin, os.Stdout
		err = s.Do(works)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Parse reads arguments and environment.
func Parse(args []string, env func(string) string) (*Setup, error) {
	if len(args) != 5 {
		return nil, errors.New("usage: driver WORK URL SIZE WARM COUNT")
	}
	s := &Setup{
		Work: args[0], URL: args[1],
		CA: env("BENCH_CA"), Dir: env("BENCH_DIR"), Sync: env("BENCH_SYNC"), Profile: env("BENCH_PROFILE"),
		View: env("BENCH_VIEW") != "",
	}
	var errs [4]error
	s.Size, errs[0] = strconv.Atoi(args[2])
	s.Warm, errs[1] = strconv.Atoi(args[3])
	s.Count, errs[2] = strconv.Atoi(args[4])
	if n := env("BENCH_N"); n != "" {
		s.N, errs[3] = strconv.Atoi(n)
	}
	return s, errors.Join(errs[:]...)
}

// TLS trusts the server of the measurements, and no other.
func (s *Setup) TLS() (*tls.Config, error) {
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", s.CA)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// Do does the work, reports and waits for the end of the input.
func (s *Setup) Do(works Works) error {
	work, ok := works[s.Work]
	if !ok {
		return fmt.Errorf(NoWork, s.Work)
	}
	r := &Run{Setup: s}
	if err := work(r); err != nil {
		return fmt.Errorf("%s: %w", s.Work, err)
	}
	r.report.Count = s.Count
	w := bufio.NewWriter(s.out)
	if err := json.NewEncoder(w).Encode(&r.report); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, s.in)
	runtime.KeepAlive(r)
	return err
}
