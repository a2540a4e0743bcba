package topics

// bits are a set of nodes.
type bits []uint64

func (b bits) has(id uint32) bool {
	return int(id>>6) < len(b) && b[id>>6]>>(id&63)&1 != 0
}

func (b *bits) set(id uint32, on bool) {
	for on && int(id>>6) >= len(*b) {
		*b = append(*b, 0)
	}
	switch {
	case on:
		(*b)[id>>6] |= 1 << (id & 63)
	case int(id>>6) < len(*b):
		(*b)[id>>6] &^= 1 << (id & 63)
	}
}

// folds are which branches are open: all or none, but for some. So new branches are open where all are.
type folds struct {
	open    bool
	flipped bits
}

func (f *folds) isOpen(id uint32) bool        { return f.open != f.flipped.has(id) }
func (f *folds) setOpen(id uint32, open bool) { f.flipped.set(id, open != f.open) }

// setAll opens or closes all branches.
func (f *folds) setAll(open bool) { *f = folds{open: open} }
