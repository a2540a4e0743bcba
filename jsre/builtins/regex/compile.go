package regex

import "errors"

type op uint8

const (
	opMatch op = iota
	opChar
	opSet
	opRun      // as many characters of set as there are, from x to y of them
	opChoice   // go on at x; if that fails, at y
	opJump     // go on at x
	opSave     // register x = position
	opReset    // captures x to y are unset
	opLoop     // register x = 0
	opHead     // the head of a loop
	opTail     // the end of its body
	opStart    // ^
	opEnd      // $
	opEdge     // \b
	opNotEdge  // \B
	opLook     // register x = height of the stack, register x+1 = position
	opLookEnd  // what was looked for is there: go back to where the look began
	opNot      // as opLook; if it fails, go on at y
	opNotEnd   // what must not be there is there
	opBackward // reference to one of list
)

// instruction is a step of a program. back says that it goes from right to left.
type instruction struct {
	op    op
	back  bool
	flag  bool // opHead: lazy; opStart, opEnd: multiline; opEdge, opNotEdge, opBackward: ignore case
	c     rune
	set   *set
	x, y  int
	least int // opHead, opTail
	most  int
	list  []int
}

// Program is a compiled pattern. It keeps what matching needs, so that only one goroutine may use it.
type Program struct {
	Groups int      // captures and the whole match
	Names  []string // of the captures by number; nil when none has a name
	code   []instruction
	regs   int
	full   bool // code points, not units
	fold   folder
	first  *set // what a match can begin with, by unit; nil when that is not known
	anchor bool // only the start of the text will do

	registers []int
	stack     []record
}

// maxCode is how many instructions a program may have.
const maxCode = 1 << 18

// Compile makes a program of a pattern in UTF-16. Its errors have the words of V8.
func Compile(pattern []uint16, flags Flags) (*Program, error) {
	flags.Unicode = flags.Unicode || flags.Sets
	n, p, err := parse(pattern, flags)
	if err != nil {
		return nil, err
	}
	c := &compiler{prog: &Program{Groups: p.groups + 1, full: flags.Unicode, fold: upper}}
	if flags.Unicode {
		c.prog.fold = folding
	}
	if p.named {
		c.prog.Names = p.names
	}
	c.prog.regs = 2 * c.prog.Groups
	c.node(n, false)
	c.emit(instruction{op: opMatch})
	if len(c.prog.code) > maxCode {
		return nil, errors.New(errSize.Error())
	}
	if s, nullable := c.begins(n); !nullable {
		c.prog.first = unitsOf(s, flags.Unicode)
	}
	c.prog.anchor = anchored(n)
	c.prog.registers = make([]int, c.prog.regs)
	return c.prog, nil
}

type compiler struct {
	prog *Program
}

func (c *compiler) emit(i instruction) int {
	c.prog.code = append(c.prog.code, i)
	return len(c.prog.code) - 1
}

func (c *compiler) here() int { return len(c.prog.code) }

func (c *compiler) registers(n int) int {
	r := c.prog.regs
	c.prog.regs += n
	return r
}

func (c *compiler) node(n *node, back bool) {
	if c.here() > maxCode {
		return
	}
	switch n.kind {
	case empty:
	case class:
		c.class(n.set, back)
	case sequence:
		for i := range n.list {
			if back {
				i = len(n.list) - 1 - i
			}
			c.node(n.list[i], back)
		}
	case choice:
		c.choice(n, back)
	case capture:
		open, shut := 2*n.group, 2*n.group+1
		if back {
			open, shut = shut, open
		}
		c.emit(instruction{op: opSave, x: open})
		c.node(n.list[0], back)
		c.emit(instruction{op: opSave, x: shut})
	case repeat:
		c.repeat(n, back)
	case lineStart:
		c.emit(instruction{op: opStart, flag: n.multiline})
	case lineEnd:
		c.emit(instruction{op: opEnd, flag: n.multiline})
	case wordEdge:
		c.emit(instruction{op: opEdge, flag: n.ignoreCase})
	case notWordEdge:
		c.emit(instruction{op: opNotEdge, flag: n.ignoreCase})
	case look:
		c.look(n)
	case reference:
		c.emit(instruction{op: opBackward, back: back, flag: n.ignoreCase, list: n.refs})
	}
}

func (c *compiler) class(s spans, back bool) {
	if len(s) == 1 && s[0].lo == s[0].hi {
		c.emit(instruction{op: opChar, back: back, c: s[0].lo})
		return
	}
	c.emit(instruction{op: opSet, back: back, set: newSet(s)})
}

func (c *compiler) choice(n *node, back bool) {
	var ends []int
	for i, part := range n.list {
		if i == len(n.list)-1 {
			c.node(part, back)
			break
		}
		split := c.emit(instruction{op: opChoice})
		c.prog.code[split].x = c.here()
		c.node(part, back)
		ends = append(ends, c.emit(instruction{op: opJump}))
		c.prog.code[split].y = c.here()
	}
	for _, e := range ends {
		c.prog.code[e].x = c.here()
	}
}

func (c *compiler) repeat(n *node, back bool) {
	body := n.list[0]
	if n.most == 0 {
		return
	}
	if body.kind == class && !n.lazy && !back {
		c.emit(instruction{op: opRun, set: newSet(body.set), x: n.least, y: n.most})
		return
	}
	if n.least == 0 && n.most == 1 {
		c.optional(n, back)
		return
	}
	r := c.registers(2)
	c.emit(instruction{op: opLoop, x: r})
	head := c.emit(instruction{op: opHead, x: r, least: n.least, most: n.most, flag: n.lazy})
	if n.afterIn > n.firstIn {
		c.emit(instruction{op: opReset, x: n.firstIn, y: n.afterIn})
	}
	c.node(body, back)
	c.emit(instruction{op: opTail, x: r, y: head, least: n.least})
	c.prog.code[head].y = c.here()
}

// optional is x? and x??: an x that is empty does not count.
func (c *compiler) optional(n *node, back bool) {
	r := c.registers(2)
	split := c.emit(instruction{op: opChoice})
	inside := c.here()
	c.emit(instruction{op: opLoop, x: r})
	if n.afterIn > n.firstIn {
		c.emit(instruction{op: opReset, x: n.firstIn, y: n.afterIn})
	}
	c.emit(instruction{op: opSave, x: r + 1})
	c.node(n.list[0], back)
	tail := c.emit(instruction{op: opTail, x: r, least: -1})
	c.prog.code[tail].y = c.here()
	c.prog.code[split].x, c.prog.code[split].y = inside, c.here()
	if n.lazy {
		c.prog.code[split].x, c.prog.code[split].y = c.here(), inside
	}
}

func (c *compiler) look(n *node) {
	r := c.registers(2)
	begin, end := opLook, opLookEnd
	if n.not {
		begin, end = opNot, opNotEnd
	}
	at := c.emit(instruction{op: begin, x: r})
	c.node(n.list[0], n.behind)
	c.emit(instruction{op: end, x: r})
	c.prog.code[at].y = c.here()
}

// begins is what a match of n can begin with; nullable: or it may be anything.
func (c *compiler) begins(n *node) (s spans, nullable bool) {
	switch n.kind {
	case class:
		return n.set, false
	case capture:
		return c.begins(n.list[0])
	case repeat:
		if n.least == 0 {
			return nil, true
		}
		return c.begins(n.list[0])
	case sequence:
		for _, part := range n.list {
			switch part.kind {
			case wordEdge, notWordEdge, lineStart, look:
				continue
			}
			return c.begins(part)
		}
		return nil, true
	case choice:
		for _, part := range n.list {
			t, nullable := c.begins(part)
			if nullable {
				return nil, true
			}
			s = append(append(spans(nil), s...), t...)
		}
		return s.normal(), false
	}
	return nil, true
}

// unitsOf is the first units of the characters of s.
func unitsOf(s spans, full bool) *set {
	if !full {
		return newSet(s)
	}
	out := append(spans(nil), s.and(spans{{0, 0xffff}})...)
	if high := s.and(spans{{0x10000, maxRune}}); len(high) > 0 {
		out = append(out, span{0xd800, 0xdbff})
	}
	return newSet(out.normal())
}

// anchored reports whether a match can only begin at the start of the text.
func anchored(n *node) bool {
	switch n.kind {
	case lineStart:
		return !n.multiline
	case capture:
		return anchored(n.list[0])
	case sequence:
		return len(n.list) > 0 && anchored(n.list[0])
	case choice:
		for _, part := range n.list {
			if !anchored(part) {
				return false
			}
		}
		return true
	}
	return false
}
