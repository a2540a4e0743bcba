package diskfault

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"dunlin/mqtt/store"
	"dunlin/mqtt/store/disk"
)

// Rot is a store whose bytes are to be damaged. Its methods may be called from any goroutine.
type Rot struct {
	files   map[string][]byte
	names   []string // of the log, in order
	final   map[uint64]string
	states  map[uint64]int // after how many changes the store had this state
	changes int
}

// RotOptions says what store NewRot makes.
type RotOptions struct {
	Seed        uint64
	Size        int // bytes of the log, at least
	Batch       int // most changes of a commit
	Value       int // most bytes of a value
	Killed      bool
	SegmentSize int64
}

// NewRot makes a store.
func NewRot(o RotOptions) (*Rot, error) {
	fsys := New(nil)
	s, err := disk.Open("disk", disk.Options{FS: fsys, SegmentSize: o.SegmentSize})
	if err != nil {
		return nil, err
	}
	rot := &Rot{final: map[uint64]string{}, states: map[uint64]int{0: 0}}
	r := rand.New(rand.NewPCG(o.Seed, 3))
	w := Workload{Batch: max(o.Batch, 1), Keys: max(o.Size/400, 4), Value: o.Value}
	var state uint64
	for written := 0; written < o.Size; {
		changes := w.changes(r)
		if err := s.Commit(changes); err != nil {
			return nil, err
		}
		for _, c := range changes {
			state = rot.note(state, c)
			written += 44 + len(c.Value)
		}
	}
	if !o.Killed {
		if err := s.Close(); err != nil {
			return nil, err
		}
	}
	rot.files = fsys.Files()
	for _, name := range slices.Sorted(maps.Keys(rot.files)) {
		if strings.HasSuffix(name, ".log") {
			rot.names = append(rot.names, name)
		}
	}
	return rot, nil
}

func (r *Rot) note(state uint64, c store.Change) uint64 {
	if old, ok := r.final[c.Key]; ok {
		state ^= digest(c.Key, []byte(old))
		delete(r.final, c.Key)
	}
	if c.Value != nil {
		state ^= digest(c.Key, c.Value)
		r.final[c.Key] = string(c.Value)
	}
	r.changes++
	r.states[state] = r.changes
	return state
}

// Size is the number of bytes of the log.
func (r *Rot) Size() int {
	n := 0
	for _, name := range r.names {
		n += len(r.files[name])
	}
	return n
}

// Values is the number of values in the undamaged store.
func (r *Rot) Values() int { return len(r.final) }

// Verdict says what damage did.
type Verdict struct {
	Told   bool  // to OnDamage
	Silent bool  // the store was as it had been, so there was nothing to tell of but the damage itself
	Lost   int   // values that are not there
	Wrong  int   // values that are not what they were, or should not be there
	Suffix int   // the store was as it had been this many changes before the end; -1 when it never was like that
	Err    error // the store did not open, or could not be used
}

// Flip opens the store with one bit changed.
func (r *Rot) Flip(bit int) Verdict {
	at := bit / 8
	for _, name := range r.names {
		if at < len(r.files[name]) {
			data := slices.Clone(r.files[name])
			data[at] ^= 1 << (bit % 8)
			return r.judge(name, data)
		}
		at -= len(r.files[name])
	}
	return Verdict{Err: fmt.Errorf("there is no bit %d", bit)}
}

// Truncate opens the store with its last file cut off at size. It says false when that is no
// shorter.
func (r *Rot) Truncate(size int) (Verdict, bool) {
	name := r.names[len(r.names)-1]
	if size >= len(r.files[name]) {
		return Verdict{}, false
	}
	return r.judge(name, r.files[name][:size]), true
}

func (r *Rot) judge(name string, data []byte) (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			v.Err = fmt.Errorf("panic: %v", p)
		}
	}()
	files := maps.Clone(r.files)
	files[name] = data
	fsys := New(files)
	s, err := disk.Open("disk", disk.Options{FS: fsys, OnDamage: func(disk.Damage) { v.Told = true }})
	if err != nil {
		return Verdict{Err: err}
	}
	have := map[uint64]string{}
	var state uint64
	err = s.Load(func(key uint64, value []byte) error {
		state ^= digest(key, value)
		have[key] = string(value)
		return nil
	})
	v.count(r, have, state)
	v.Err = errors.Join(err, r.goOn(s, fsys, have))
	return v
}

func (v *Verdict) count(r *Rot, have map[uint64]string, state uint64) {
	for key, value := range r.final {
		switch got, ok := have[key]; {
		case !ok:
			v.Lost++
		case got != value:
			v.Wrong++
		}
	}
	for key := range have {
		if _, ok := r.final[key]; !ok {
			v.Wrong++
		}
	}
	v.Suffix = -1
	if n, ok := r.states[state]; ok {
		v.Suffix = r.changes - n
	}
	v.Silent = v.Lost == 0 && v.Wrong == 0
}

// goOn sees that the store is of use after the damage, and that the damage is told of once.
func (r *Rot) goOn(s *disk.Store, fsys *FS, have map[uint64]string) error {
	if err := s.Commit([]store.Change{moreChange}); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	var told error
	s, err := disk.Open("disk", disk.Options{FS: fsys, OnDamage: func(d disk.Damage) { told = errors.New("told again: " + d.String()) }})
	if err != nil {
		return err
	}
	have[moreChange.Key] = string(moreChange.Value)
	again := map[uint64]string{}
	err = s.Load(func(key uint64, value []byte) error { again[key] = string(value); return nil })
	if err == nil && !maps.Equal(again, have) {
		err = errors.New("other values when opened twice")
	}
	return errors.Join(err, told, s.Close())
}
