package diskfault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
)

// Workload is what a store does before and while the power is lost.
type Workload struct {
	Seed    uint64
	Options disk.Options // of the store; FS and OnDamage are set by the trial
	Commits int
	Batch   int // most changes of a Commit
	Keys    int // how many keys there are
	Value   int // most bytes of a value
	Reopen  int // every so many commits the store is closed, or dropped without Close, and opened again; 0: never
	Fail    int // in every so many commits a write or a sync fails; 0: never
}

// Trial is the history of a workload.
type Trial struct {
	Log     []Op
	bounds  []bound
	states  []uint64 // after each change
	options disk.Options
	rand    *rand.Rand
	failing atomic.Int32 // 1: the next write, 2: the next sync
}

var errFault = errors.New("fault of the trial")

func (t *Trial) fault(op Op) *Fault {
	if op.Kind == Write && t.failing.CompareAndSwap(1, 0) {
		return &Fault{Err: errFault, Written: len(op.Data) * 3 / 4}
	}
	if op.Kind == Sync && t.failing.CompareAndSwap(2, 0) {
		return &Fault{Err: errFault}
	}
	return nil
}

// bound is where a Commit is in the history.
type bound struct {
	began, ended int      // operations before and after it
	changes      int      // all changes up to its end
	failed       []uint64 // states that may be found before it has ended, and never after
}

// Run does the work on a directory in memory.
func (w Workload) Run() (*Trial, error) {
	t := &Trial{options: w.Options, rand: rand.New(rand.NewPCG(w.Seed, 1)), states: []uint64{0}}
	fsys := New(nil)
	fsys.Inject = t.fault
	s, err := t.open(fsys)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(w.Seed, 2))
	model := map[uint64][]byte{}
	for n := range w.Commits {
		if w.Reopen > 0 && n%w.Reopen == w.Reopen-1 {
			if s, fsys, err = t.reopen(fsys, s, r.IntN(2) == 0); err != nil {
				return nil, err
			}
		}
		changes := w.changes(r)
		b := bound{began: len(fsys.Log())}
		if w.Fail > 0 && n%w.Fail == w.Fail-1 {
			t.failing.Store(1 + r.Int32N(2))
		}
		err := s.Commit(changes)
		switch {
		case err == nil:
			t.note(model, changes)
		case errors.Is(err, errFault):
			b.failed = t.states[len(t.states)-1:]
			t.note(maps.Clone(model), changes)
			b.failed = append(b.failed, t.states[len(t.states)-len(changes):]...)
			t.states = slices.Clone(t.states[:len(t.states)-len(changes)])
		default:
			return nil, err
		}
		t.failing.Store(0)
		b.ended, b.changes = len(fsys.Log()), len(t.states)-1
		t.bounds = append(t.bounds, b)
	}
	err = s.Close()
	t.Log = fsys.Log()
	return t, err
}

func (t *Trial) open(fsys *FS) (*disk.Store, error) {
	opt := t.options
	opt.FS = fsys
	return disk.Open("disk", opt)
}

func (t *Trial) reopen(fsys *FS, s *disk.Store, proper bool) (*disk.Store, *FS, error) {
	if proper {
		if err := s.Close(); err != nil {
			return nil, nil, err
		}
	} else {
		fsys = fsys.Kill()
		_ = s.Close() // only ends its goroutine
	}
	s, err := t.open(fsys)
	return s, fsys, err
}

func (w Workload) changes(r *rand.Rand) []store.Change {
	changes := make([]store.Change, 1+r.IntN(w.Batch))
	for i := range changes {
		changes[i].Key = r.Uint64N(uint64(w.Keys))
		if r.IntN(3) > 0 {
			changes[i].Value = make([]byte, r.IntN(w.Value+1))
			for j := range changes[i].Value {
				changes[i].Value[j] = byte(r.Uint32())
			}
		}
	}
	return changes
}

func (t *Trial) note(model map[uint64][]byte, changes []store.Change) {
	for _, c := range changes {
		state := t.states[len(t.states)-1]
		if old, ok := model[c.Key]; ok {
			state ^= digest(c.Key, old)
			delete(model, c.Key)
		}
		if c.Value != nil {
			state ^= digest(c.Key, c.Value)
			model[c.Key] = c.Value
		}
		t.states = append(t.states, state)
	}
}

func digest(key uint64, value []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, key))
	_, _ = h.Write(value)
	return h.Sum64() * 0x9E3779B97F4A7C15
}

// Report counts what the power losses of a trial did.
type Report struct {
	Cuts     int      // moments at which the power was lost
	Images   int      // contents of the disk that were tried
	Again    int      // of these, after a second power loss while the first was recovered from
	Lost     int      // contents without a change that had been promised
	Wrong    int      // contents that are no state the store ever had
	Alarms   int      // contents that were reported as damage
	Failed   int      // contents that the store did not open or could not use
	Findings []string // the first few, with the moment
}

func (r *Report) add(count *int, format string, args ...any) {
	*count++
	if len(r.Findings) < 20 {
		r.Findings = append(r.Findings, fmt.Sprintf(format, args...))
	}
}

// Bad is the number of contents with a fault.
func (r *Report) Bad() int { return r.Lost + r.Wrong + r.Alarms + r.Failed }

// mostBad ends a trial: it has failed.
const mostBad = 1000

// Cut loses the power after each operation, in every way that Images knows, and opens the store
// again. One of 16 times it loses it again after each operation of that Open, and after one of 4
// operations, and where a new name is not yet safe, it also kills the process first, opens the
// store, and then loses the power. watch is told how far it is and says whether to go on.
func (t *Trial) Cut(watch func(done, of int, r *Report) bool) *Report {
	report := &Report{}
	d := NewDisk(nil)
	for k := 0; k <= len(t.Log); k++ {
		if k > 0 {
			d.Do(t.Log[k-1])
		}
		report.Cuts++
		for image := range d.Images(t.rand) {
			t.check(image, k, report, t.rand.IntN(16) == 0)
		}
		if t.rand.IntN(4) == 0 || d.unnamed() {
			t.kill(d, k, report)
		}
		if report.Bad() > mostBad {
			break
		}
		if watch != nil && !watch(k, len(t.Log), report) {
			break
		}
	}
	return report
}

// allowed gives the states that may be found after k operations: from what was promised up to all
// that was begun.
func (t *Trial) allowed(k int) (least, most int, failed []uint64) {
	promised := k
	if t.options.Sync != disk.Always {
		promised = t.firstUnsafe(k)
	}
	for _, b := range t.bounds {
		if b.ended <= promised {
			least = b.changes
		}
		if b.began <= k {
			most = b.changes
			failed = nil
			if k < b.ended {
				failed = b.failed
			}
		}
	}
	return least, most, failed
}

// firstUnsafe gives the first of k operations that wrote to a file which was not synced after it,
// nor given up.
func (t *Trial) firstUnsafe(k int) int {
	unsafe := map[string]int{}
	for i, op := range t.Log[:k] {
		switch op.Kind {
		case Write:
			if _, ok := unsafe[op.Name]; !ok {
				unsafe[op.Name] = i
			}
		case Sync, Remove:
			delete(unsafe, op.Name)
		}
	}
	first := k
	for _, i := range unsafe {
		first = min(first, i)
	}
	return first
}

func (t *Trial) check(image map[string][]byte, k int, report *Report, again bool) {
	report.Images++
	fsys := New(image)
	if first := t.look(fsys, k, report, t.good(k, report)); again && first.ok {
		t.again(fsys, NewDisk(image), k, report, first)
	}
}

// kill ends the process after k operations, with the power on, and opens the store again; and then
// loses the power.
func (t *Trial) kill(d *Disk, k int, report *Report) {
	fsys := d.FS()
	if first := t.look(fsys, k, report, t.good(k, report)); first.ok {
		t.again(fsys, d.Clone(), k, report, first)
	}
}

// again loses the power after each operation of fsys on d. What was found there first stays, and so
// does what was added.
func (t *Trial) again(fsys *FS, d *Disk, k int, report *Report, first found) {
	before := t.good(k, report)
	for n, op := range fsys.Log() {
		d.Do(op)
		for image := range d.Images(t.rand) {
			report.Images++
			report.Again++
			t.look(New(image), k, report, func(state uint64) bool {
				switch done := n + 1; {
				case state == first.state^more:
					return true
				case done >= first.used:
					return false
				case done >= first.opened:
					return state == first.state
				}
				return before(state)
			})
		}
	}
}

// good judges a state that was found after k operations.
func (t *Trial) good(k int, report *Report) func(state uint64) bool {
	least, most, failed := t.allowed(k)
	return func(state uint64) bool {
		if slices.Contains(t.states[least:most+1], state) || slices.Contains(failed, state) {
			return true
		}
		if slices.Contains(t.states[:least], state) {
			report.add(&report.Lost, "after operation %d: an older state than promised", k)
			return true
		}
		return false
	}
}

var (
	moreChange = store.Change{Key: 1 << 60, Value: []byte("one more")}
	more       = digest(moreChange.Key, moreChange.Value)
)

// found is what look finds.
type found struct {
	ok     bool
	state  uint64
	opened int // operations until the store was open
	used   int // and until one more Commit had returned
}

// look opens a store and judges what is in it, then uses it.
func (t *Trial) look(fsys *FS, k int, report *Report, good func(state uint64) bool) (f found) {
	opt := t.options
	opt.FS, opt.Sync = fsys, disk.Always
	alarmed := false
	opt.OnDamage = func(d disk.Damage) {
		if d.Kind != disk.Torn && !alarmed {
			alarmed = true
			report.add(&report.Alarms, "after operation %d: %v", k, d)
		}
	}
	s, err := disk.Open("disk", opt)
	f.opened = len(fsys.Log())
	if err == nil {
		f.state, err = contents(s)
	}
	if err != nil {
		report.add(&report.Failed, "after operation %d: %v", k, err)
		return f
	}
	if !good(f.state) {
		report.add(&report.Wrong, "after operation %d: no state that ever was, or one of the future", k)
	}
	f.ok = true
	f.used = t.use(s, fsys, f.state, k, report)
	return f
}

// use commits once more and sees that it stays, also when the process ends.
func (t *Trial) use(s *disk.Store, fsys *FS, state uint64, k int, report *Report) (used int) {
	had := false
	_ = s.Load(func(key uint64, _ []byte) error { had = had || key == moreChange.Key; return nil }) // was read before
	if had {
		state ^= more
	}
	if err := s.Commit([]store.Change{moreChange}); err != nil {
		report.add(&report.Failed, "after operation %d: %v", k, err)
		return math.MaxInt
	}
	used = len(fsys.Log())
	fsys = fsys.Kill()
	_ = s.Close() // only ends its goroutine
	s, err := t.open(fsys)
	if err != nil {
		report.add(&report.Failed, "after operation %d, opened twice: %v", k, err)
		return used
	}
	got, err := contents(s)
	if err != nil || got != state^more {
		report.add(&report.Wrong, "after operation %d, opened twice: not what was there, and one more: %v", k, err)
	}
	_ = s.Close()
	return used
}

func contents(s *disk.Store) (state uint64, err error) {
	err = s.Load(func(key uint64, value []byte) error {
		state ^= digest(key, value)
		return nil
	})
	return state, err
}
