package regex

import (
	"bytes"
	"errors"
	"unsafe"
)

// ErrStack is a match that would need more memory for the ways it has not tried than it may have.
var ErrStack = errors.New("Maximum call stack size exceeded") //nolint:staticcheck // the words of V8

// maxStack is how many ways back and old values a match may hold: 16 bytes each.
const maxStack = 1 << 22

// checkSteps is after how many steps a match asks whether to go on.
const checkSteps = 1 << 14

// record is a way that has not been tried (pc, at position value), a run that may be shorter (the same,
// down to position reg), or the old value of a register.
type record struct {
	pc    int32 // restore, or -2-pc for one more round of the lazy loop at pc
	reg   int32 // plain when it is negative
	value int
}

const restore = -1

// machine matches a program with a text.
type machine[E uint8 | uint16] struct {
	*Program
	text  []E
	plain bool // each unit is a character
	check func()
	steps int
}

// Match finds the first match at or after start, or at start only when it is sticky. It gives the
// positions of the match and of its captures, -1 for those that are unset, in memory that the next match
// uses again; nil when there is none. It calls check once in a while, which may panic to end it.
func Match[E uint8 | uint16](p *Program, text []E, start int, sticky bool, check func()) ([]int, error) {
	m := machine[E]{Program: p, text: text, plain: !p.full || unsafe.Sizeof(E(0)) == 1, check: check}
	if m.inside(start) {
		start--
	}
	for at := start; at <= len(text); at++ {
		if !sticky {
			at = m.candidate(at)
		}
		if at < 0 || p.anchor && at > 0 {
			break
		}
		if at == start || !m.inside(at) {
			found, err := m.run(at)
			if found || err != nil {
				return p.registers[:2*p.Groups], err
			}
		}
		if sticky {
			break
		}
	}
	return nil, nil
}

// inside reports whether a position is in the middle of a character.
func (m *machine[E]) inside(at int) bool {
	return !m.plain && at > 0 && at < len(m.text) && isTrail(m.text[at]) && isLead(m.text[at-1])
}

// candidate is the next position where a match may begin, -1 when there is none.
func (m *machine[E]) candidate(at int) int {
	if m.first == nil || m.anchor {
		return at
	}
	if m.firstByte >= 0 {
		if text, ok := any(m.text).([]uint8); ok {
			n := bytes.IndexByte(text[at:], byte(m.firstByte)) //nolint:gosec // it is less than 128
			if n < 0 {
				return -1
			}
			return at + n
		}
	}
	for ; at < len(m.text); at++ {
		if m.first.has(rune(m.text[at])) {
			return at
		}
	}
	return -1
}

func isLead[E uint8 | uint16](c E) bool  { return uint16(c)&0xfc00 == 0xd800 }
func isTrail[E uint8 | uint16](c E) bool { return uint16(c)&0xfc00 == 0xdc00 }

// next is the character at a position and the position after it.
func (m *machine[E]) next(at int) (rune, int) {
	c := rune(m.text[at])
	if m.full && c&0xfc00 == 0xd800 && at+1 < len(m.text) && isTrail(m.text[at+1]) {
		return (c-0xd800)<<10 | (rune(m.text[at+1]) - 0xdc00) + 0x10000, at + 2
	}
	return c, at + 1
}

// before is the character before a position and where it begins.
func (m *machine[E]) before(at int) (rune, int) {
	c := rune(m.text[at-1])
	if m.full && c&0xfc00 == 0xdc00 && at > 1 && isLead(m.text[at-2]) {
		return (rune(m.text[at-2])-0xd800)<<10 | (c - 0xdc00) + 0x10000, at - 2
	}
	return c, at - 1
}

// step is the character on the way, forward or back; false at the end of the text.
func (m *machine[E]) step(at int, back bool) (c rune, to int, ok bool) {
	if back {
		if at == 0 {
			return 0, 0, false
		}
		c, to = m.before(at)
		return c, to, true
	}
	if at == len(m.text) {
		return 0, 0, false
	}
	c, to = m.next(at)
	return c, to, true
}

// set changes a register. Its old value is kept for who goes back, if there is a way back.
func (m *machine[E]) set(reg, value int) {
	if len(m.stack) > 0 {
		m.stack = append(m.stack, record{restore, int32(reg), m.registers[reg]}) //nolint:gosec // registers are few
	}
	m.registers[reg] = value
}

func (m *machine[E]) try(pc, at int) {
	m.stack = append(m.stack, record{int32(pc), -1, at}) //nolint:gosec // see maxCode
}

// pause asks whether to go on.
func (m *machine[E]) pause() error {
	m.check()
	if len(m.stack) > maxStack {
		m.stack = nil
		return ErrStack
	}
	return nil
}

// reset makes ready for a match at a position.
func (m *machine[E]) reset(at int) {
	for i := range m.registers {
		m.registers[i] = -1
	}
	m.stack = m.stack[:0]
	m.registers[0] = at
}

// run matches at a position.
func (m *machine[E]) run(at int) (bool, error) {
	m.reset(at)
	pc := 0
	for {
		if m.steps++; m.steps%checkSteps == 0 {
			if err := m.pause(); err != nil {
				return false, err
			}
		}
		i := &m.code[pc]
		ok := true
		switch i.op {
		case opMatch:
			m.registers[1] = at
			return true, nil
		case opUnit:
			ok = at < len(m.text) && rune(m.text[at]) == i.c
			at++
			pc++
		case opChar, opSet:
			at, ok = m.one(i, at)
			pc++
		case opRun:
			at, ok = m.longest(i, pc+1, at)
			pc++
		case opChoice:
			pc = m.choose(i, at)
		case opJump:
			pc = i.x
		case opSave:
			m.set(i.x, at)
			pc++
		default:
			pc, at, ok = m.rare(i, pc, at)
		}
		if !ok {
			if pc, at, ok = m.back(); !ok {
				return false, nil
			}
		}
	}
}

// one takes a character.
func (m *machine[E]) one(i *instruction, at int) (int, bool) {
	if m.plain && !i.back && i.op == opSet {
		return at + 1, at < len(m.text) && i.set.has(rune(m.text[at]))
	}
	c, to, ok := m.step(at, i.back)
	if i.op == opChar {
		return to, ok && c == i.c
	}
	return to, ok && i.set.has(c)
}

// choose goes the first of two ways, and keeps the other one for later. It leaves out a first way that
// cannot begin with the next character.
func (m *machine[E]) choose(i *instruction, at int) int {
	if i.set != nil && (at == len(m.text) || !i.set.has(rune(m.text[at]))) {
		return i.y
	}
	m.try(i.y, at)
	return i.x
}

// longest takes as many characters as there are and leaves a way to take fewer, where fewer may do.
func (m *machine[E]) longest(i *instruction, after, at int) (int, bool) {
	least, end := m.extent(i, at)
	m.steps += (end - at) >> 3
	if least < 0 {
		return 0, false
	}
	if end > least && !i.flag {
		m.stack = append(m.stack, record{int32(after), int32(least), end}) //nolint:gosec // texts are shorter than 2 GiB
	}
	return end, true
}

// extent is where a run that is as short as it may be ends, -1 when the text has none, and where the longest ends.
func (m *machine[E]) extent(i *instruction, at int) (least, end int) {
	if !m.plain {
		return m.extentInPairs(i, at)
	}
	limit := len(m.text)
	if i.y >= 0 && i.y < limit-at {
		limit = at + i.y
	}
	end = at
	for end < limit && i.set.has(rune(m.text[end])) {
		end++
	}
	if end-at < i.x {
		return -1, end
	}
	return at + i.x, end
}

// extentInPairs is extent where two units may be a character.
func (m *machine[E]) extentInPairs(i *instruction, at int) (least, end int) {
	least = -1
	if i.x == 0 {
		least = at
	}
	for n := 0; (i.y < 0 || n < i.y) && at < len(m.text); {
		c, to := m.next(at)
		if !i.set.has(c) {
			break
		}
		at = to
		if n++; n == i.x {
			least = at
		}
	}
	return least, at
}

// back goes back to the last way that has not been tried.
func (m *machine[E]) back() (pc, at int, ok bool) {
	for n := len(m.stack); n > 0; n = len(m.stack) {
		r := &m.stack[n-1]
		if r.pc == restore {
			m.registers[r.reg] = r.value
			m.stack = m.stack[:n-1]
			continue
		}
		pc, at = int(r.pc), r.value
		if pc < restore { // a lazy loop goes round once more
			pc = -2 - pc
			m.stack = m.stack[:n-1]
			m.begin(&m.code[pc], at)
			return pc + 1, at, true
		}
		if r.reg < 0 {
			m.stack = m.stack[:n-1]
			return pc, at, true
		}
		if at = m.shorter(pc, at, int(r.reg)); at < 0 {
			m.stack = m.stack[:n-1]
			continue
		}
		r.value = at
		if at == int(r.reg) {
			m.stack = m.stack[:n-1]
		}
		return pc, at, true
	}
	return 0, 0, false
}

// shorter is the next shorter end of a run, -1 when there is none that can do.
func (m *machine[E]) shorter(pc, at, least int) int {
	i := &m.code[pc]
	literal := i.op == opUnit
	for at > least {
		_, to := m.before(at)
		at = max(to, least)
		if !literal || at < len(m.text) && rune(m.text[at]) == i.c {
			return at
		}
		m.steps++
	}
	return -1
}
