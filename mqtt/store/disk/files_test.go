package disk_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/internal/diskfault"
	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
	"dunlin/mqtt/store/storetest"

	"go.uber.org/goleak"
)

// holdEnv names the directory whose store the test binary, run again, holds until its input ends.
const holdEnv = "DUNLIN_TEST_HOLD_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		os.Exit(hold(dir))
	}
	goleak.VerifyTestMain(m)
}

func hold(dir string) int {
	s, err := disk.Open(dir, disk.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if err := s.Commit([]store.Change{storetest.Put(1, "of the child")}); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return 0
}

// Fault 8: the second process, and the second store of one process, are refused at once; a lock
// ends with its process, also one that was killed.
func TestFault08SecondProcess(t *testing.T) {
	dir := newDir(t)
	command := []string{os.Args[0]}
	if emulator := os.Getenv("EMULATOR"); emulator != "" { // the kernel cannot start a program for another processor
		command = []string{emulator, os.Args[0]}
	}
	child := exec.Command(command[0], command[1:]...)
	child.Env = append(os.Environ(), holdEnv+"="+dir)
	in, _ := child.StdinPipe()
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("child: %q, %v", line, err)
	}
	if _, err := disk.Open(dir, disk.Options{}); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("while another process has it: %v, want ErrLocked", err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	s := open(t, dir, disk.Options{})
	want(t, s, map[uint64]string{1: "of the child"})
	if _, err := disk.Open(dir, disk.Options{}); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("while this process has it: %v, want ErrLocked", err)
	}
	closed(t, s)
	closed(t, open(t, dir, disk.Options{}))
}

// Fault 27: the clock jumps, and the times of the files say anything. The order of the log is by
// number.
func TestFault27ClockJump(t *testing.T) {
	dir := newDir(t)
	opt := disk.Options{SegmentSize: 256, Sync: disk.Never}
	model := map[uint64]string{}
	s := open(t, dir, opt)
	for i := range 60 {
		c := []store.Change{storetest.Put(uint64(i%20), fmt.Sprint("value ", i)), storetest.Remove(uint64(i * 7 % 20))}
		commit(t, s, c...)
		storetest.Apply(model, c)
	}
	closed(t, s)
	names := logs(t, dir)
	if len(names) < 3 {
		t.Fatalf("only %d files: nothing to put in order", len(names))
	}
	for i, name := range names {
		at := time.Now().Add(time.Duration(len(names)/2-i) * time.Hour) // the oldest seems the newest
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, opt)
	want(t, s, model)
	commit(t, s, storetest.Put(1, "the last"))
	model[1] = "the last"
	closed(t, s)
	s = open(t, dir, opt)
	want(t, s, model)
	closed(t, s)
}

// Fault 7: files that are not of the store, and what is left of a crash.
func TestFault07StrayFiles(t *testing.T) {
	dir := newDir(t)
	s := open(t, dir, disk.Options{})
	commit(t, s, storetest.Put(1, "mine"))
	closed(t, s)
	other := newDir(t)
	s = open(t, other, disk.Options{})
	commit(t, s, storetest.Put(1, "foreign"), storetest.Put(2, "foreign"))
	closed(t, s)
	foreign, _ := os.ReadFile(filepath.Join(other, logs(t, other)[0]))
	write(t, dir, "0000000000000005.log", foreign) // says that it is number 1
	write(t, dir, "0000000000000001.log.tmp", []byte("x"))
	write(t, dir, "000000000000000A.log", []byte("x"))
	write(t, dir, "notes.txt", []byte("x"))
	write(t, dir, "0000000000000002.log", nil) // a crash before the header
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	var told []string
	s = open(t, dir, disk.Options{OnDamage: func(d disk.Damage) { told = append(told, d.Kind.String()+" "+d.File) }})
	want(t, s, map[uint64]string{1: "mine"})
	closed(t, s)
	slices.Sort(told)
	expected := []string{
		"stray 0000000000000001.log.tmp", "stray 0000000000000005.log", "stray 000000000000000A.log", "stray folder", "stray notes.txt",
		"torn 0000000000000002.log",
	}
	if !slices.Equal(told, expected) {
		t.Errorf("told of %q, want %q", told, expected)
	}
	for _, name := range []string{"notes.txt", "folder", "0000000000000005.log"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("a stray file is gone: %v", err)
		}
	}
}

// A file of another store whose number is free: the salt gives it away.
func TestFault07ForeignLog(t *testing.T) {
	dir, other := newDir(t), newDir(t)
	opt := disk.Options{SegmentSize: 256}
	for _, d := range []string{dir, other} {
		s := open(t, d, opt)
		for i := range uint64(40) {
			commit(t, s, storetest.Put(i, d))
		}
		closed(t, s)
	}
	theirs := logs(t, other)
	foreign, _ := os.ReadFile(filepath.Join(other, theirs[len(theirs)-1]))
	mine := logs(t, dir)
	if err := os.Remove(filepath.Join(dir, mine[len(mine)-1])); err != nil {
		t.Fatal(err)
	}
	write(t, dir, theirs[len(theirs)-1], foreign)
	told := false
	s := open(t, dir, disk.Options{OnDamage: func(d disk.Damage) { told = told || d.Kind == disk.Stray }})
	have, err := storetest.Contents(s)
	if err != nil || !told || len(have) == 0 {
		t.Errorf("%v, told %v, %d values", err, told, len(have))
	}
	for key, value := range have {
		if value != dir {
			t.Errorf("key %d has a value of another store", key)
		}
	}
	closed(t, s)
}

// Fault 7: files are gone. A gap in the middle or at the beginning is told of, and no older value
// comes back where the key is known.
func TestFault07MissingFiles(t *testing.T) {
	for _, which := range []int{0, 1} {
		dir := newDir(t)
		s := open(t, dir, disk.Options{SegmentSize: 256})
		for i := range uint64(40) {
			commit(t, s, storetest.Put(i, "x"))
		}
		closed(t, s)
		if err := os.Remove(filepath.Join(dir, logs(t, dir)[which])); err != nil {
			t.Fatal(err)
		}
		var told []disk.Damage
		opt := disk.Options{OnDamage: func(d disk.Damage) { told = append(told, d) }}
		s = open(t, dir, opt)
		have, _ := storetest.Contents(s)
		if len(told) != 1 || told[0].Kind == disk.Torn || len(have) > 38 || len(have) < 30 {
			t.Errorf("file %d gone: told of %v, %d values", which, told, len(have))
		}
		closed(t, s)
		told = nil
		closed(t, open(t, dir, opt))
		if told != nil {
			t.Errorf("told again: %v", told)
		}
	}
}

// What was written by a later release is left alone.
func TestLaterFormat(t *testing.T) {
	dir := newDir(t)
	closed(t, open(t, dir, disk.Options{}))
	path := filepath.Join(dir, logs(t, dir)[0])
	log, _ := os.ReadFile(path)
	newer := disk.SecondNewer(log)
	write(t, dir, filepath.Base(path), newer)
	if _, err := disk.Open(dir, disk.Options{}); !errors.Is(err, disk.ErrFormat) {
		t.Errorf("%v, want ErrFormat", err)
	}
	if after, _ := os.ReadFile(path); !slices.Equal(after, newer) {
		t.Error("the file was changed")
	}
}

// A log that is sent as a payload is no part of the log it is written to.
func TestCopiedRecordIsNone(t *testing.T) {
	fsys := diskfault.New(nil)
	s := open(t, "disk", disk.Options{FS: fsys})
	commit(t, s, storetest.Put(1, "value"))
	closed(t, s)
	log := fsys.Files()["0000000000000001.log"]
	if !disk.RecordAt(log, disk.DataStart) || disk.RecordAt(log, disk.DataStart+8) || disk.RecordAt(log, 1<<32+disk.DataStart) {
		t.Error("a record counts at other places than its own")
	}
}

// An announced length costs no memory.
func TestHostileLength(t *testing.T) {
	log := disk.Hostile([]byte{1, 255, 1, 1, 0, 1, 'x'})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := disk.Open("disk", disk.Options{FS: diskfault.New(map[string][]byte{"0000000000000001.log": log})})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes for a file of %d", n, len(log))
	}
	closed(t, s)
}

func newDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "a", "store")
}

func open(t *testing.T, dir string, opt disk.Options) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *disk.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, s *disk.Store, changes ...store.Change) {
	t.Helper()
	if err := s.Commit(changes); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, s *disk.Store, model map[uint64]string) {
	t.Helper()
	compare(t, s, model)
}

func logs(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".log") {
			names = append(names, e.Name())
		}
	}
	return names
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
