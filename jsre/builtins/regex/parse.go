package regex

import (
	"errors"
	"unicode/utf16"
)

// maxNesting is how deep groups may nest: parsing and compiling recurse.
const maxNesting = 2000

// parser reads a pattern: its code points with flag u, its UTF-16 units without.
type parser struct {
	text    []rune
	at      int
	flags   Flags // as modifiers have changed them
	depth   int
	groups  int      // captures so far
	total   int      // captures in the whole pattern
	names   []string // by number
	named   bool     // the pattern has a group with a name
	paths   [][]turn // where each capture stands
	path    []turn
	turns   int
	pending []*node // references by name
}

// turn is an alternative of a choice.
type turn struct{ choice, alternative int }

type syntaxError struct{ text string }

func (p *parser) fail(text string) { panic(syntaxError{text}) }

var errSize = errors.New("Regular expression too large") //nolint:staticcheck // the words of V8

func parse(pattern []uint16, flags Flags) (n *node, p *parser, err error) {
	p = &parser{flags: flags}
	if flags.Unicode {
		p.text = decode(pattern)
	} else {
		p.text = make([]rune, len(pattern))
		for i, u := range pattern {
			p.text[i] = rune(u)
		}
	}
	defer func() {
		switch x := recover().(type) {
		case nil:
		case syntaxError:
			err = errors.New(x.text)
		default:
			panic(x)
		}
	}()
	p.count()
	p.names = []string{""}
	p.paths = [][]turn{nil}
	n = p.disjunction()
	if p.at < len(p.text) {
		p.fail("Unmatched ')'")
	}
	p.resolve()
	return n, p, nil
}

func decode(units []uint16) []rune {
	out := make([]rune, 0, len(units))
	for i := 0; i < len(units); i++ {
		c := rune(units[i])
		if i+1 < len(units) && utf16.IsSurrogate(c) {
			if full := utf16.DecodeRune(c, rune(units[i+1])); full != 0xfffd {
				c = full
				i++
			}
		}
		out = append(out, c)
	}
	return out
}

// count finds how many captures there are, and whether any has a name: what \1 and \k mean depends on it.
func (p *parser) count() {
	inClass := false
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\':
			i++
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '(' && (i+1 >= len(p.text) || p.text[i+1] != '?'):
			p.total++
		case c == '(' && i+3 < len(p.text) && p.text[i+2] == '<' && p.text[i+3] != '=' && p.text[i+3] != '!':
			p.total++
			p.named = true
		}
	}
}

func (p *parser) more() bool { return p.at < len(p.text) }

// peek is the next character, -1 at the end.
func (p *parser) peek() rune { return p.ahead(0) }

func (p *parser) ahead(n int) rune {
	if p.at+n < len(p.text) {
		return p.text[p.at+n]
	}
	return -1
}

// take steps over text when it comes next.
func (p *parser) take(text string) bool {
	for i, c := range text { // ASCII
		if p.ahead(i) != c {
			return false
		}
	}
	p.at += len(text)
	return true
}

func (p *parser) disjunction() *node {
	if p.depth++; p.depth > maxNesting {
		panic(syntaxError{errSize.Error()})
	}
	defer func() { p.depth-- }()
	p.turns++
	p.path = append(p.path, turn{p.turns, 0})
	me := len(p.path) - 1
	n := p.alternative()
	if p.peek() == '|' {
		n = &node{kind: choice, list: []*node{n}}
		for p.take("|") {
			p.path[me].alternative++
			n.list = append(n.list, p.alternative())
		}
	}
	p.path = p.path[:me]
	return n
}

func (p *parser) alternative() *node {
	n := &node{kind: sequence}
	for p.more() && p.peek() != '|' && p.peek() != ')' {
		n.list = append(n.list, p.term())
	}
	if len(n.list) == 1 {
		return n.list[0]
	}
	return n
}

func (p *parser) term() *node {
	first := p.groups
	n, repeatable := p.atom()
	if !repeatable {
		if next := p.peek(); n.kind == look && (next == '*' || next == '+' || next == '?') {
			p.fail("Invalid quantifier")
		}
		return n
	}
	return p.quantifier(n, first)
}

// atom reads what a quantifier may follow, or an assertion, which none may follow.
func (p *parser) atom() (n *node, repeatable bool) {
	c := p.peek()
	p.at++
	switch c {
	case '^':
		return &node{kind: lineStart, multiline: p.flags.Multiline}, false
	case '$':
		return &node{kind: lineEnd, multiline: p.flags.Multiline}, false
	case '.':
		if p.flags.DotAll {
			return p.class(everything), true
		}
		return p.class(lineEnds.not()), true
	case '(':
		return p.group()
	case '[':
		return p.brackets(), true
	case '\\':
		return p.escape()
	case '*', '+', '?':
		p.fail("Nothing to repeat")
	case '{':
		from := p.at
		p.at--
		if _, _, ok := p.bounds(); ok {
			p.fail("Nothing to repeat")
		}
		p.at = from
		if p.flags.Unicode {
			p.fail("Lone quantifier brackets")
		}
	case '}', ']':
		if p.flags.Unicode {
			p.fail("Lone quantifier brackets")
		}
	}
	return p.character(c), true
}

func (p *parser) class(s spans) *node { return &node{kind: class, set: s} }

// character is a node for one character, and those that are one with it.
func (p *parser) character(c rune) *node {
	if p.flags.IgnoreCase {
		return p.class(p.fold().close(one(c)))
	}
	return p.class(one(c))
}

func (p *parser) fold() folder {
	if p.flags.Unicode {
		return folding
	}
	return upper
}

func (p *parser) quantifier(n *node, first int) *node {
	least, most := 0, -1
	switch p.peek() {
	case '*':
		p.at++
	case '+':
		p.at++
		least = 1
	case '?':
		p.at++
		most = 1
	case '{':
		from := p.at
		var ok bool
		if least, most, ok = p.bounds(); !ok {
			if p.flags.Unicode {
				p.fail("Incomplete quantifier")
			}
			p.at = from
			return n
		}
		if most >= 0 && most < least {
			p.fail("numbers out of order in {} quantifier")
		}
	default:
		return n
	}
	lazy := p.take("?")
	return &node{kind: repeat, list: []*node{n}, least: least, most: most, lazy: lazy, firstIn: first + 1, afterIn: p.groups + 1}
}

// bounds reads {n}, {n,} or {n,m}.
func (p *parser) bounds() (least, most int, ok bool) {
	p.at++
	least, ok = p.decimal()
	if !ok {
		return 0, 0, false
	}
	most = least
	if p.take(",") {
		if most, ok = p.decimal(); !ok {
			most = -1
		}
	}
	return least, most, p.take("}")
}

func (p *parser) decimal() (n int, ok bool) {
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n = min(n*10+int(c-'0'), 1<<31-1)
		p.at++
		ok = true
	}
	return n, ok
}
