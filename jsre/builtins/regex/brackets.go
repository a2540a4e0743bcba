package regex

import (
	"slices"
	"strings"
)

// classSet is what brackets stand for: characters and, with flag v, texts of several.
type classSet struct {
	set   spans
	texts []string
}

// brackets reads a class after its opening bracket.
func (p *parser) brackets() *node {
	if p.flags.Sets {
		return p.textNode(p.classOfSets())
	}
	not := p.take("^")
	var s spans
	for {
		if !p.more() {
			p.fail("Unterminated character class")
		}
		if p.take("]") {
			break
		}
		s = p.classRange(s)
	}
	s = s.normal()
	if p.flags.IgnoreCase {
		s = p.fold().close(s)
	}
	if not {
		s = s.not()
	}
	return p.class(s)
}

// textNode is a class that may hold texts: the longest is tried first.
func (p *parser) textNode(c *classSet) *node {
	if len(c.texts) == 0 {
		return p.class(c.set)
	}
	slices.SortStableFunc(c.texts, func(a, b string) int { return len([]rune(b)) - len([]rune(a)) })
	n := &node{kind: choice}
	single := false
	for _, t := range c.texts {
		if t == "" && !single {
			n.list = append(n.list, p.class(c.set))
			single = true
		}
		s := &node{kind: sequence}
		for _, r := range t {
			s.list = append(s.list, p.character(r))
		}
		n.list = append(n.list, s)
	}
	if !single {
		n.list = append(n.list, p.class(c.set))
	}
	return n
}

// classRange reads a character, an escape for a class or a range, and adds it to s.
func (p *parser) classRange(s spans) spans {
	from, isSet := p.classAtom()
	if p.peek() != '-' || p.ahead(1) == ']' || p.ahead(1) < 0 {
		return append(s, from...)
	}
	p.at++
	to, isSet2 := p.classAtom()
	if isSet || isSet2 {
		if p.flags.Unicode {
			p.fail("Invalid character class")
		}
		return append(append(append(s, from...), to...), span{'-', '-'})
	}
	if from[0].lo > to[0].lo {
		p.fail("Range out of order in character class")
	}
	return append(s, span{from[0].lo, to[0].lo})
}

func (p *parser) classAtom() (s spans, isSet bool) {
	c := p.peek()
	if c < 0 {
		p.fail("Unterminated character class")
	}
	p.at++
	if c != '\\' {
		return one(c), false
	}
	switch p.peek() {
	case 'b':
		p.at++
		return one('\b'), false
	case '-':
		if p.flags.Unicode {
			p.at++
			return one('-'), false
		}
	}
	s, texts, ok := p.classEscape()
	if ok {
		if texts != nil {
			p.fail("Invalid property name in character class")
		}
		return s, true
	}
	return one(p.characterEscape(true)), false
}

// classUnion reads what is in brackets with flag v, to the closing one: operands one after another, or
// joined by -- or &&.
func (p *parser) classUnion() *classSet {
	if p.depth++; p.depth > maxNesting {
		panic(syntaxError{errSize.Error()})
	}
	defer func() { p.depth-- }()
	out := &classSet{}
	operator, n, ranges := "", 0, false
	for ; ; n++ {
		if !p.more() {
			p.fail("Unterminated character class")
		}
		if p.take("]") {
			out.set = out.set.normal()
			return out
		}
		if next := p.operator(); next != "" || operator != "" {
			if n == 0 || next == "" || operator != "" && next != operator || operator == "" && (n > 1 || ranges) {
				p.fail("Invalid set operation in character class")
			}
			operator = next
			out.set = out.set.normal()
			c, _ := p.operand(true)
			out.combine(c, operator)
			continue
		}
		c, isRange := p.operand(false)
		ranges = ranges || isRange
		out.combine(c, "")
	}
}

func (p *parser) operator() string {
	switch {
	case p.take("--"):
		return "--"
	case p.take("&&"):
		if p.peek() == '&' {
			p.fail("Invalid character in character class")
		}
		return "&&"
	}
	return ""
}

func (c *classSet) combine(other *classSet, operator string) {
	has := func(t string) bool { return slices.Contains(other.texts, t) }
	switch operator {
	case "":
		c.set = append(c.set, other.set...)
		for _, t := range other.texts {
			if !slices.Contains(c.texts, t) {
				c.texts = append(c.texts, t)
			}
		}
	case "--":
		c.set = c.set.and(other.set.normal().not())
		c.texts = slices.DeleteFunc(c.texts, has)
	case "&&":
		c.set = c.set.and(other.set.normal())
		c.texts = slices.DeleteFunc(c.texts, func(t string) bool { return !has(t) })
	}
}

// classOfSets reads a class with flag v after its opening bracket.
func (p *parser) classOfSets() *classSet {
	not := p.take("^")
	c := p.classUnion()
	if !not {
		return c
	}
	if len(c.texts) > 0 {
		p.fail("Negated character class may contain strings")
	}
	c.set = c.set.not()
	return c
}

const setSyntax = "()[]{}/-|"

// operand reads one part of a class with flag v; alone says that it may not be a range.
func (p *parser) operand(alone bool) (c *classSet, isRange bool) {
	if p.take("[") {
		return p.classOfSets(), false
	}
	if p.take("\\q{") {
		return p.texts(), false
	}
	if p.peek() == '\\' && p.ahead(1) != 'b' {
		p.at++
		if s, texts, ok := p.classEscape(); ok {
			if p.flags.IgnoreCase {
				s = p.fold().close(s.normal())
			}
			return &classSet{s, texts}, false
		}
		p.at--
	}
	from := p.setCharacter()
	to := from
	if !alone && p.peek() == '-' && p.ahead(1) != '-' {
		p.at++
		to = p.setCharacter()
		isRange = true
		if from > to {
			p.fail("Range out of order in character class")
		}
	}
	s := spans{{from, to}}
	if p.flags.IgnoreCase {
		s = p.fold().close(s)
	}
	return &classSet{set: s}, isRange
}

func (p *parser) setCharacter() rune {
	c := p.peek()
	if c < 0 {
		p.fail("Unterminated character class")
	}
	p.at++
	if c == '\\' {
		if p.take("b") {
			return '\b'
		}
		return p.characterEscape(true)
	}
	if strings.ContainsRune(setSyntax, c) {
		p.fail("Invalid character in character class")
	}
	if c == p.peek() && strings.ContainsRune("&!#$%*+,.:;<=>?@^`~", c) {
		p.fail("Invalid set operation in character class")
	}
	return c
}

// texts reads the alternatives of \q{..}.
func (p *parser) texts() *classSet {
	out := &classSet{}
	var text []rune
	add := func() {
		switch {
		case len(text) == 1 && p.flags.IgnoreCase:
			out.set = append(out.set, p.fold().close(one(text[0]))...)
		case len(text) == 1:
			out.set = append(out.set, span{text[0], text[0]})
		default:
			out.texts = append(out.texts, string(text))
		}
		text = nil
	}
	for {
		switch {
		case !p.more():
			p.fail("Invalid escape")
		case p.take("}"):
			add()
			out.set = out.set.normal()
			return out
		case p.take("|"):
			add()
		default:
			text = append(text, p.setCharacter())
		}
	}
}
