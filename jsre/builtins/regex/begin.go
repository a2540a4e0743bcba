package regex

// begins is what a match of n can begin with; nullable: or it may be empty, and begin with what follows.
func (c *compiler) begins(n *node) (s spans, nullable bool) {
	if !n.begun {
		n.begin, n.nullable = c.findBegin(n)
		n.begun = true
	}
	return n.begin, n.nullable
}

func (c *compiler) findBegin(n *node) (s spans, nullable bool) {
	switch n.kind {
	case class:
		return n.set, false
	case capture:
		return c.begins(n.list[0])
	case repeat:
		if n.most == 0 {
			return nil, true
		}
		s, nullable = c.begins(n.list[0])
		return s, nullable || n.least == 0
	case sequence:
		for _, part := range n.list {
			t, empty := c.begins(part)
			if s = s.or(t); !empty {
				return s, false
			}
		}
		return s, true
	case choice:
		for _, part := range n.list {
			t, empty := c.begins(part)
			s, nullable = s.or(t), nullable || empty
		}
		return s, nullable
	case reference:
		return everything, true
	}
	return nil, true // it looks, and takes nothing
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
