package regex

import "strings"

// escape reads what follows a backslash outside of brackets.
func (p *parser) escape() (n *node, repeatable bool) {
	c := p.peek()
	switch {
	case c < 0:
		p.fail("\\ at end of pattern")
	case c == 'b':
		p.at++
		return &node{kind: wordEdge, ignoreCase: p.flags.IgnoreCase}, false
	case c == 'B':
		p.at++
		return &node{kind: notWordEdge, ignoreCase: p.flags.IgnoreCase}, false
	case c == 'k':
		if n := p.namedReference(); n != nil {
			return n, true
		}
	case c >= '1' && c <= '9':
		if n := p.numberedReference(); n != nil {
			return n, true
		}
	}
	if s, strs, ok := p.classEscape(); ok {
		if strs != nil {
			return p.textNode(&classSet{set: s, texts: strs}), true
		}
		if p.flags.IgnoreCase {
			s = p.fold().close(s)
		}
		return p.class(s), true
	}
	return p.character(p.characterEscape(false)), true
}

func (p *parser) namedReference() *node {
	if !p.flags.Unicode && !p.named {
		return nil
	}
	p.at++
	if !p.take("<") {
		p.fail("Invalid named reference")
	}
	n := &node{kind: reference, name: p.groupName("Invalid named reference"), ignoreCase: p.flags.IgnoreCase}
	p.pending = append(p.pending, n)
	return n
}

// numberedReference reads \1 and so on; nil when without flag u there is no such group, for then it
// is an octal escape.
func (p *parser) numberedReference() *node {
	from := p.at
	number, _ := p.decimal()
	if number <= p.total {
		return &node{kind: reference, refs: []int{number}, ignoreCase: p.flags.IgnoreCase}
	}
	if p.flags.Unicode {
		p.fail("Invalid escape")
	}
	p.at = from
	return nil
}

// classEscape reads \d \D \s \S \w \W \p{..} \P{..}.
func (p *parser) classEscape() (s spans, texts []string, ok bool) {
	c := p.peek()
	switch c {
	case 'd', 'D':
		s = digits
	case 's', 'S':
		s = blanks
	case 'w', 'W':
		s = words
		if p.flags.IgnoreCase && p.flags.Unicode {
			s = p.fold().close(words)
		}
	case 'p', 'P':
		if p.flags.Unicode {
			return p.property()
		}
		return nil, nil, false
	default:
		return nil, nil, false
	}
	p.at++
	if c < 'a' {
		s = s.not()
	}
	return s, nil, true
}

// characterEscape reads an escape of one character.
func (p *parser) characterEscape(inClass bool) rune {
	c := p.peek()
	if c < 0 {
		p.fail("\\ at end of pattern")
	}
	p.at++
	if i := strings.IndexRune("tnvfr", c); i >= 0 {
		return rune("\t\n\v\f\r"[i])
	}
	switch {
	case c == 'c':
		return p.control(inClass)
	case c == 'x':
		v, ok := p.hex(2)
		return p.numbered(c, v, ok, "Invalid escape")
	case c == 'u':
		v, ok := p.unicodeEscape(p.flags.Unicode)
		return p.numbered(c, v, ok, "Invalid Unicode escape")
	case c >= '0' && c <= '9':
		return p.octal(c, inClass)
	case p.flags.Unicode && !p.mayEscape(c, inClass):
		p.fail("Invalid escape")
	case c == 'k' && p.named:
		p.fail("Invalid named reference")
	}
	return c
}

// numbered is the character of an escape by its number; the letter itself where there is no number, which
// flags u and v do not allow.
func (p *parser) numbered(letter, v rune, ok bool, wrong string) rune {
	if ok {
		return v
	}
	if p.flags.Unicode {
		p.fail(wrong)
	}
	return letter
}

// mayEscape reports whether a character that stands for itself may have a backslash with flags u and v.
func (p *parser) mayEscape(c rune, inClass bool) bool {
	if strings.ContainsRune(`^$\.*+?()[]{}|/`, c) {
		return true
	}
	return inClass && (c == '-' || p.flags.Sets && strings.ContainsRune("&-!#%,:;<=>@`~", c))
}

func (p *parser) control(inClass bool) rune {
	c := p.peek()
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	if letter || inClass && !p.flags.Unicode && (c >= '0' && c <= '9' || c == '_') {
		p.at++
		return c & 31
	}
	if p.flags.Unicode {
		p.fail("Invalid Unicode escape")
	}
	p.at-- // the backslash stands for itself
	return '\\'
}

func (p *parser) octal(c rune, inClass bool) rune {
	next := p.peek()
	if p.flags.Unicode {
		if c == '0' && (next < '0' || next > '9') {
			return 0
		}
		if inClass {
			p.fail("Invalid class escape")
		}
		p.fail("Invalid decimal escape")
	}
	if c >= '8' {
		return c
	}
	v := c - '0'
	for range 2 {
		next := p.peek()
		if next < '0' || next > '7' || v*8+next-'0' > 0o377 {
			break
		}
		v = v*8 + next - '0'
		p.at++
	}
	return v
}

func (p *parser) hex(n int) (v rune, ok bool) {
	for i := range n {
		d := digit(p.ahead(i))
		if d < 0 {
			return 0, false
		}
		v = v<<4 | d
	}
	p.at += n
	return v, true
}

func digit(c rune) rune {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return -1
}

// unicodeEscape reads what follows \u: four digits, two such, or with full digits in braces.
func (p *parser) unicodeEscape(full bool) (rune, bool) {
	if full && p.peek() == '{' {
		return p.braced()
	}
	v, ok := p.hex(4)
	if !ok || !full || v < 0xd800 || v >= 0xdc00 {
		return v, ok
	}
	from := p.at
	if p.take("\\u") {
		if low, ok := p.hex(4); ok && low >= 0xdc00 && low < 0xe000 {
			return (v-0xd800)<<10 | (low - 0xdc00) + 0x10000, true
		}
	}
	p.at = from
	return v, true
}

// braced reads digits in braces; it reads nothing where they are no character.
func (p *parser) braced() (v rune, ok bool) {
	from := p.at
	p.take("{")
	begin := p.at
	for d := digit(p.peek()); d >= 0 && v <= maxRune; d = digit(p.peek()) {
		v = v<<4 | d
		p.at++
	}
	if p.at > begin && v <= maxRune && p.take("}") {
		return v, true
	}
	p.at = from
	return 0, false
}
