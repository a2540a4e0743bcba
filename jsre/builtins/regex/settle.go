package regex

// maxLookAhead bounds how many instructions are looked at after a run.
const maxLookAhead = 50

// settle finds the runs that need no way back: what follows cannot begin with what the run is of, so that a
// shorter one will not do.
func (p *Program) settle() {
	for pc := range p.code {
		if i := &p.code[pc]; i.op == opRun {
			left := maxLookAhead
			i.flag = p.disjoint(pc+1, i.set, &left)
		}
	}
}

// disjoint reports whether the instructions at pc, followed by a character of s, are sure to fail, or need
// nothing any more.
func (p *Program) disjoint(pc int, s *set, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	i := &p.code[pc]
	switch i.op {
	case opMatch:
		return true
	case opUnit:
		return !s.has(i.c)
	case opEnd:
		return !i.flag
	case opSet:
		return !i.back && !s.meets(i.set)
	case opRun:
		return !s.meets(i.set) && (i.x > 0 || p.disjoint(pc+1, s, left))
	case opSave, opLoop, opReset:
		return p.disjoint(pc+1, s, left)
	case opJump:
		return p.disjoint(i.x, s, left)
	case opChoice:
		return p.disjoint(i.x, s, left) && p.disjoint(i.y, s, left)
	}
	return false
}

// meets reports whether two sets have a character in common.
func (s *set) meets(t *set) bool {
	for i := range s.low {
		if s.low[i]&t.low[i] != 0 {
			return true
		}
	}
	return len(s.high.and(t.high)) > 0
}
