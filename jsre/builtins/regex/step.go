package regex

// rare does the instructions that are not in every loop.
func (m *machine[E]) rare(i *instruction, pc, at int) (int, int, bool) {
	switch i.op {
	case opReset:
		m.unset(i.x, i.y)
	case opLoop:
		m.set(i.x, 0)
	case opHead:
		return m.head(i, pc, at), at, true
	case opTail:
		if at == m.registers[i.x+1] && m.registers[i.x] > i.least {
			return 0, 0, false
		}
		return i.y, at, true
	case opStart, opEnd, opEdge, opNotEdge:
		return pc + 1, at, m.holds(i, at)
	case opBackward:
		at, ok := m.reference(i, at)
		return pc + 1, at, ok
	default:
		return m.look(i, pc, at)
	}
	return pc + 1, at, true
}

// unset takes back what captures have captured.
func (m *machine[E]) unset(from, to int) {
	for g := from; g < to; g++ {
		if m.registers[2*g] >= 0 || m.registers[2*g+1] >= 0 {
			m.set(2*g, -1)
			m.set(2*g+1, -1)
		}
	}
}

// holds reports whether a position is at the start, the end or the edge that an instruction wants.
func (m *machine[E]) holds(i *instruction, at int) bool {
	switch i.op {
	case opStart:
		return at == 0 || i.flag && lineEnds.has(rune(m.text[at-1]))
	case opEnd:
		return at == len(m.text) || i.flag && lineEnds.has(rune(m.text[at]))
	}
	before := at > 0 && m.word(at-1, i.flag)
	after := at < len(m.text) && m.word(at, i.flag)
	return (before != after) == (i.op == opEdge)
}

// head decides whether the body of a loop comes once more.
func (m *machine[E]) head(i *instruction, pc, at int) int {
	n := m.registers[i.x]
	body := pc + 1
	if i.most >= 0 && n >= i.most {
		return i.y
	}
	if n >= i.least && i.set != nil && (at == len(m.text) || !i.set.has(rune(m.text[at]))) {
		return i.y
	}
	if n >= i.least && i.flag {
		m.stack = append(m.stack, record{int32(-2 - pc), -1, at}) //nolint:gosec // see maxCode
		return i.y
	}
	if n >= i.least {
		m.try(i.y, at)
	}
	m.begin(i, at)
	return body
}

// begin counts an iteration of a loop.
func (m *machine[E]) begin(i *instruction, at int) {
	m.set(i.x, m.registers[i.x]+1)
	m.set(i.x+1, at)
}

func (m *machine[E]) word(at int, ignoreCase bool) bool {
	c := rune(m.text[at])
	return words.has(c) || ignoreCase && m.full && (c == 0x17f || c == 0x212a)
}

// reference matches what a capture has captured.
func (m *machine[E]) reference(i *instruction, at int) (int, bool) {
	from, to := -1, -1
	for _, g := range i.list {
		if m.registers[2*g] >= 0 && m.registers[2*g+1] >= 0 {
			from, to = m.registers[2*g], m.registers[2*g+1]
		}
	}
	if from < 0 {
		return at, true
	}
	n := to - from
	m.steps += n >> 3
	begin := at
	if i.back {
		begin = at - n
	}
	if begin < 0 || begin+n > len(m.text) {
		return 0, false
	}
	for k := range n {
		a, b := rune(m.text[from+k]), rune(m.text[begin+k])
		if a != b && (!i.flag || !m.sameLetter(from+k, begin+k)) {
			return 0, false
		}
	}
	if i.back {
		return begin, true
	}
	return begin + n, true
}

// sameLetter compares the characters that two units belong to without their case.
func (m *machine[E]) sameLetter(a, b int) bool {
	return m.fold.canon(m.around(a)) == m.fold.canon(m.around(b))
}

func (m *machine[E]) around(at int) rune {
	if m.full && at > 0 && isTrail(m.text[at]) && isLead(m.text[at-1]) {
		at--
	}
	c, _ := m.next(at)
	return c
}

// look does the instructions of look-arounds.
func (m *machine[E]) look(i *instruction, pc, at int) (int, int, bool) {
	switch i.op {
	case opLook, opNot:
		m.set(i.x+1, at)
		m.set(i.x, 0)
		m.registers[i.x] = len(m.stack)
		if i.op == opNot {
			m.try(i.y, at)
		}
		return pc + 1, at, true
	case opLookEnd:
		// The ways that are left inside are given up; what captures had before is still needed.
		height := m.registers[i.x]
		at = m.registers[i.x+1]
		kept := m.stack[:height]
		for _, r := range m.stack[height:] {
			if r.pc == restore {
				kept = append(kept, r)
			}
		}
		m.stack = kept
		return pc + 1, at, true
	}
	height := m.registers[i.x] // opNotEnd
	for n := len(m.stack); n > height; n-- {
		if r := m.stack[n-1]; r.pc == restore {
			m.registers[r.reg] = r.value
		}
	}
	m.stack = m.stack[:height]
	return 0, 0, false
}
