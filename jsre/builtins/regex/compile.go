package regex

import "errors"

type op uint8

const (
	opMatch op = iota
	opUnit     // c, which is one unit, from left to right
	opChar     // c
	opSet
	opRun      // as many characters of set as there are, from x to y of them
	opChoice   // go on at x; if that fails or cannot begin with what follows, at y
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
	flag  bool // opHead: lazy; opRun: fewer will not do; opStart, opEnd: multiline; opEdge, opNotEdge, opBackward: ignore case
	c     rune
	set   *set // opSet, opRun; opChoice, opHead: the units that x, or the body, begins with; nil if not known
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

	firstByte int // the only one in first, if it is ASCII; otherwise -1

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
	c := &compiler{prog: &Program{Groups: p.groups + 1, full: flags.Unicode, fold: upper, firstByte: -1}}
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
		if len(s) == 1 && s[0].lo == s[0].hi && s[0].lo < 0x80 {
			c.prog.firstByte = int(s[0].lo)
		}
	}
	c.prog.anchor = anchored(n)
	c.prog.settle()
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
		c.sequence(n.list, back)
	case choice:
		c.choice(n, back)
	case capture:
		c.capture(n, back)
	case repeat:
		c.repeat(n, back)
	case look:
		c.look(n)
	case reference:
		c.emit(instruction{op: opBackward, back: back, flag: n.ignoreCase, list: n.refs})
	case lineStart, lineEnd:
		c.emit(instruction{op: assertions[n.kind], flag: n.multiline})
	case wordEdge, notWordEdge:
		c.emit(instruction{op: assertions[n.kind], flag: n.ignoreCase})
	}
}

var assertions = [...]op{lineStart: opStart, lineEnd: opEnd, wordEdge: opEdge, notWordEdge: opNotEdge}

func (c *compiler) sequence(list []*node, back bool) {
	for i := range list {
		if back {
			i = len(list) - 1 - i
		}
		c.node(list[i], back)
	}
}

func (c *compiler) capture(n *node, back bool) {
	open, shut := 2*n.group, 2*n.group+1
	if back {
		open, shut = shut, open
	}
	c.emit(instruction{op: opSave, x: open})
	c.node(n.list[0], back)
	c.emit(instruction{op: opSave, x: shut})
}

// guard is the set of units that a part can begin with, nil when that is not known.
func (c *compiler) guard(n *node, back bool) *set {
	if back {
		return nil
	}
	s, nullable := c.begins(n)
	if nullable {
		return nil
	}
	return unitsOf(s, c.prog.full)
}

func (c *compiler) class(s spans, back bool) {
	if len(s) == 1 && s[0].lo == s[0].hi {
		i := instruction{op: opChar, back: back, c: s[0].lo}
		if !back && i.c < 0xd800 {
			i.op = opUnit
		}
		c.emit(i)
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
		split := c.emit(instruction{op: opChoice, set: c.guard(part, back)})
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
	head := c.emit(instruction{op: opHead, x: r, least: n.least, most: n.most, flag: n.lazy, set: c.guard(body, back)})
	if n.afterIn > n.firstIn {
		c.emit(instruction{op: opReset, x: n.firstIn, y: n.afterIn})
	}
	c.node(body, back)
	c.emit(instruction{op: opTail, x: r, y: head, least: n.least})
	c.prog.code[head].y = c.here()
}

// optional is x? and x??: an x that is empty does not count.
func (c *compiler) optional(n *node, back bool) {
	first := c.guard(n.list[0], back)
	split := c.emit(instruction{op: opChoice})
	inside := c.here()
	if first != nil { // it is not empty, and comes once: its captures are unset
		c.node(n.list[0], back)
	} else {
		c.maybeEmpty(n, back)
	}
	i := &c.prog.code[split]
	i.x, i.y = inside, c.here()
	if n.lazy {
		i.x, i.y = i.y, i.x
	} else {
		i.set = first
	}
}

// maybeEmpty is the inside of an optional part that has to look whether it was empty.
func (c *compiler) maybeEmpty(n *node, back bool) {
	r := c.registers(2)
	c.emit(instruction{op: opLoop, x: r})
	if n.afterIn > n.firstIn {
		c.emit(instruction{op: opReset, x: n.firstIn, y: n.afterIn})
	}
	c.emit(instruction{op: opSave, x: r + 1})
	c.node(n.list[0], back)
	tail := c.emit(instruction{op: opTail, x: r, least: -1})
	c.prog.code[tail].y = c.here()
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
