package regex

import (
	"strings"
	"unicode"
)

// group reads what follows an opening parenthesis, to the closing one.
func (p *parser) group() (n *node, repeatable bool) {
	repeatable = true
	before := p.flags
	switch {
	case p.take("?="), p.take("?!"):
		n = &node{kind: look, not: p.text[p.at-1] == '!'}
		repeatable = !p.flags.Unicode
		n.list = []*node{p.disjunction()}
	case p.take("?<="), p.take("?<!"):
		n = &node{kind: look, behind: true, not: p.text[p.at-1] == '!'}
		repeatable = false
		n.list = []*node{p.disjunction()}
	case p.take("?<"):
		n = p.capture(p.groupName("Invalid capture group name"))
	case p.take("?"):
		p.modifiers()
		n = p.disjunction()
	default:
		n = p.capture("")
	}
	p.flags = before
	if !p.take(")") {
		p.fail("Unterminated group")
	}
	return n, repeatable
}

// capture reads a group that captures; its number is taken before what is inside.
func (p *parser) capture(name string) *node {
	if name != "" {
		p.checkName(name)
	}
	p.groups++
	n := &node{kind: capture, group: p.groups}
	p.names = append(p.names, name)
	p.paths = append(p.paths, append([]turn(nil), p.path...))
	n.list = []*node{p.disjunction()}
	return n
}

// checkName refuses a name that another group has, unless the two are in different alternatives.
func (p *parser) checkName(name string) {
	for i, other := range p.names {
		if other == name && !apart(p.paths[i], p.path) {
			p.fail("Duplicate capture group name")
		}
	}
}

// apart reports whether two places are in different alternatives of a choice.
func apart(a, b []turn) bool {
	for i := range min(len(a), len(b)) {
		if a[i].choice != b[i].choice {
			return false
		}
		if a[i].alternative != b[i].alternative {
			return true
		}
	}
	return false
}

// modifiers reads those of (?ims-ims: to the colon.
func (p *parser) modifiers() {
	on, seen := true, ""
	start := p.at
	for !p.take(":") {
		c := p.peek()
		p.at++
		if c == '-' && on {
			on = false
			continue
		}
		if c < 0 || !strings.ContainsRune("ims", c) {
			p.fail("Invalid group")
		}
		if strings.ContainsRune(seen, c) {
			p.fail("Repeated flag in modifiers")
		}
		seen += string(c)
		switch c {
		case 'i':
			p.flags.IgnoreCase = on
		case 'm':
			p.flags.Multiline = on
		case 's':
			p.flags.DotAll = on
		}
	}
	if !on && p.at-start == 2 {
		p.fail("Invalid group")
	}
}

// groupName reads a name to its closing angle bracket.
func (p *parser) groupName(wrong string) string {
	var b strings.Builder
	for {
		c := p.peek()
		p.at++
		if c == '>' && b.Len() > 0 {
			return b.String()
		}
		c = p.nameCharacter(c)
		if !isIDStart(c) && (b.Len() == 0 || !isIDPart(c)) {
			p.fail(wrong)
		}
		b.WriteRune(c)
	}
}

// nameCharacter is the character of a name that c, which has been read, stands for or begins.
func (p *parser) nameCharacter(c rune) rune {
	if c == '\\' {
		v, ok := rune(0), p.take("u")
		if ok {
			v, ok = p.unicodeEscape(true)
		}
		if !ok {
			p.fail("Invalid Unicode escape")
		}
		return v
	}
	if c >= 0xd800 && c < 0xdc00 && !p.flags.Unicode && p.peek() >= 0xdc00 && p.peek() < 0xe000 {
		c = (c-0xd800)<<10 | (p.peek() - 0xdc00) + 0x10000
		p.at++
	}
	return c
}

func isIDStart(c rune) bool {
	return c == '$' || c == '_' || unicode.IsLetter(c) || unicode.In(c, unicode.Nl, unicode.Other_ID_Start)
}

// isIDPart reports whether a character may stand in a name, but not begin it.
func isIDPart(c rune) bool {
	return unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) || c == 0x200c || c == 0x200d
}

// resolve finds the groups that references by name mean.
func (p *parser) resolve() {
	for _, n := range p.pending {
		for i, name := range p.names {
			if name == n.name {
				n.refs = append(n.refs, i)
			}
		}
		if len(n.refs) == 0 {
			p.fail("Invalid named capture referenced")
		}
	}
}
