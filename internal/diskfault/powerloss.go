package diskfault

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// Disk is what a disk holds while operations go on: what is safe, and what the system has not yet
// written. What is not synced may reach the disk in any order or not at all, and what is written to
// a file may do so without the file's name.
type Disk struct {
	files   map[int][]byte // by Op.File
	names   map[string]int
	pending []Op
}

// NewDisk returns a disk with the files that New was given.
func NewDisk(files map[string][]byte) *Disk {
	d := &Disk{files: map[int][]byte{}, names: map[string]int{}}
	for i, name := range slices.Sorted(maps.Keys(files)) {
		d.files[i+1] = files[name]
		d.names[name] = i + 1
	}
	return d
}

// Do lets an operation happen.
func (d *Disk) Do(op Op) {
	switch op.Kind {
	case Sync:
		d.settle(func(p Op) bool { return p.File == op.File && (p.Kind == Write || p.Kind == Truncate) })
	case SyncDir:
		d.settle(func(p Op) bool { return p.Kind == Create || p.Kind == Rename || p.Kind == Remove })
	default:
		d.pending = append(d.pending, op)
	}
}

// Pending is the number of operations that are not safe.
func (d *Disk) Pending() int { return len(d.pending) }

// unnamed says whether a file or the loss of one is not yet safe.
func (d *Disk) unnamed() bool {
	return slices.ContainsFunc(d.pending, func(p Op) bool { return p.Kind == Create || p.Kind == Rename })
}

// Clone returns a disk that goes its own way.
func (d *Disk) Clone() *Disk {
	return &Disk{maps.Clone(d.files), maps.Clone(d.names), slices.Clone(d.pending)}
}

// FS returns the directory that a process sees which is started now, when the one before was killed
// and the power is on: with all that is pending. Its operations can be done to the Disk or to a
// clone of it.
func (d *Disk) FS() *FS {
	now := d.Clone()
	for _, op := range d.pending {
		now.apply(op)
	}
	f := New(nil)
	for name, id := range now.names {
		f.files[name] = &inode{id, slices.Clone(now.files[id]), nil}
	}
	for id := range now.files {
		f.made = max(f.made, id)
	}
	for _, op := range d.pending {
		f.made = max(f.made, op.File)
	}
	return f
}

func (d *Disk) settle(which func(Op) bool) {
	d.pending = slices.DeleteFunc(d.pending, func(p Op) bool {
		if which(p) {
			d.apply(p)
			return true
		}
		return false
	})
}

// apply never changes bytes in place: images share them.
func (d *Disk) apply(op Op) {
	switch op.Kind {
	case Create:
		d.names[op.Name] = op.File
	case Rename:
		if id, ok := d.names[op.Name]; ok {
			d.names[op.To] = id
			delete(d.names, op.Name)
		}
	case Remove:
		delete(d.names, op.Name)
	case Write:
		d.files[op.File] = overwrite(slices.Clone(d.files[op.File]), op.Data, op.Offset)
	case Truncate:
		d.files[op.File] = resize(slices.Clone(d.files[op.File]), op.Size)
	}
}

// mostSubsets bounds the exponent: of more pending operations than this, all subsets of the last
// ones are tried with the earlier ones all there, and then some.
const mostSubsets = 8

// Images gives what may be found after the power is lost now: with every subset of the pending
// operations, if they are at most 8, and otherwise with every subset of the last 8, every
// beginning, and as many random subsets; each once as it is and once for each way to tear the last
// write.
func (d *Disk) Images(r *rand.Rand) iter.Seq[map[string][]byte] {
	return func(yield func(map[string][]byte) bool) {
		for subset := range d.subsets(r) {
			for torn := range tears(subset) {
				if !yield(d.image(torn)) {
					return
				}
			}
		}
	}
}

func (d *Disk) subsets(r *rand.Rand) iter.Seq[[]Op] {
	return func(yield func([]Op) bool) {
		all := d.pending
		early := all[:max(0, len(all)-mostSubsets)]
		late := all[len(early):]
		for mask := range 1 << len(late) {
			if !yield(pick(early, late, func(i int) bool { return mask>>i&1 == 1 })) {
				return
			}
		}
		for n := range early {
			if !yield(all[:n]) || !yield(pick(nil, all, func(int) bool { return r.IntN(4) > 0 })) {
				return
			}
		}
	}
}

func pick(all, some []Op, take func(i int) bool) []Op {
	subset := slices.Clone(all)
	for i, op := range some {
		if take(i) {
			subset = append(subset, op)
		}
	}
	return subset
}

// tears gives the operations as they are, and with the last of them, if it is a write, done in
// part: its beginning only, its length without its bytes, its end without its beginning.
func tears(ops []Op) iter.Seq[[]Op] {
	return func(yield func([]Op) bool) {
		if !yield(ops) || len(ops) == 0 || ops[len(ops)-1].Kind != Write {
			return
		}
		last := ops[len(ops)-1]
		n := len(last.Data)
		for _, part := range []int{1, 40, n / 2, n - 1} {
			if part <= 0 || part > n {
				continue
			}
			for _, data := range [][]byte{
				last.Data[:part],
				append(slices.Clone(last.Data[:part]), make([]byte, n-part)...),
				append(make([]byte, part), last.Data[part:]...),
			} {
				op := last
				op.Data = data
				if !yield(append(slices.Clone(ops[:len(ops)-1]), op)) {
					return
				}
			}
		}
	}
}

func (d *Disk) image(ops []Op) map[string][]byte {
	e := d.Clone()
	for _, op := range ops {
		e.apply(op)
	}
	files := make(map[string][]byte, len(e.names))
	for name, id := range e.names {
		files[name] = e.files[id]
	}
	return files
}
