package engine

import "strings"

// Nesting says how deep a text of code goes, for parsers that call themselves, whose stack would end the
// process, and for those that parse a part again when it turns out to be something else.
type Nesting struct {
	Brackets int // how many brackets are open at once
	Run      int // how many operators stand in what is open at once: statements, elements, and what they are in
	Commas   int // how many commas follow each other, but for those of arrays and of pairs with a colon
	Again    int // how many parts in each other are parsed twice: the time doubles with each
}

// NestingOf looks at a text word by word. Where it cannot tell a quote from a part of a regular
// expression, or with marked, for text between tags, all that follows counts as code: it may find more
// than there is, and never less.
func NestingOf(text string, marked bool) Nesting {
	s := &nestingScan{text: text, loose: marked, levels: make([]nestLevel, 1, 32)}
	for s.at < len(text) {
		s.next()
	}
	return s.found
}

// nestLevel is what is open in one pair of brackets.
type nestLevel struct {
	run    int  // operators of the statement or element
	chain  int  // else after else
	arrows int  // heads of arrow functions in each other inside
	commas int  // so far
	pair   bool // the element has a colon
	tries  int  // what may be a parenthesis of a condition, or the head of an arrow function with a type
	colons int  // of them, those whose arrow has not come
	opener byte // '(', '[', '{', or '$' for one in a template
	space  bool // the statement is a namespace of TypeScript
	head   bool // the parenthesis of if, for, while or with: no operand
}

// wordKind is what stands before a place, as far as it decides what the next sign means.
type wordKind uint8

const (
	wordOperator wordKind = iota // an operand follows
	wordOperand
	wordBlock  // a closing brace, which may end either
	wordUnsure // a word that may be either
)

type nestingScan struct {
	text   string
	at     int
	loose  bool
	levels []nestLevel
	sum    int // of run and chain of all levels
	tries  int // of all levels

	before  wordKind
	word    string // the word before, if it was one
	member  bool   // a dot stands before
	newline bool   // a line has ended since the last word
	ended   bool   // a statement has ended, unless else follows
	found   Nesting
}

func (s *nestingScan) top() *nestLevel { return &s.levels[len(s.levels)-1] }

func (s *nestingScan) add(n int) {
	s.top().run += n
	s.sum += n
	s.found.Run = max(s.found.Run, s.sum)
}

// arrowWeight is how many operators an arrow counts for: esbuild 0.28.2 takes time with the square of their number for most.
const arrowWeight = 8

// element begins a new element of a list.
func (s *nestingScan) element() {
	l := s.top()
	if l.opener != '[' && !l.pair {
		l.commas++
		s.found.Commas = max(s.found.Commas, l.commas)
	}
	l.pair = false
	s.sum -= l.run
	s.tries -= l.tries
	l.run, l.tries, l.colons = 0, 0, 0
}

// statement begins a new statement.
func (s *nestingScan) statement() {
	s.element()
	s.sum -= s.top().chain
	s.top().chain, s.top().commas, s.top().space = 0, 0, false
}

func (s *nestingScan) set(k wordKind) { s.before, s.word, s.member, s.newline = k, "", false, false }

func (s *nestingScan) next() {
	c := s.text[s.at]
	switch {
	case strings.IndexByte("\n\r \t\f\v", c) >= 0:
		s.newline = s.newline || c == '\n' || c == '\r'
		s.at++
		return
	case c == '/' && !s.loose && s.comment():
		return
	case isWordByte(c):
		s.readWord()
		return
	}
	if s.beginsStatement(c) {
		s.statement()
	}
	s.ended = false
	s.sign(c)
}

// beginsStatement tells whether a statement begins with a sign.
func (s *nestingScan) beginsStatement(c byte) bool {
	switch c {
	case ')', ']', '}':
		return false
	case '{':
		return s.ended || s.before == wordBlock
	case '\'', '"', '@':
		return s.ended || s.before != wordOperator && s.newline
	}
	return s.ended
}

// isWordByte tells what names and numbers are made of. All beyond ASCII is taken for it; a line
// separator is between words as well as a blank is.
func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '#' || c == '\\' || c >= 0x80
}

// sign takes one sign of punctuation.
func (s *nestingScan) sign(c byte) {
	at := s.at
	s.at++
	switch c {
	case '(', '[', '{':
		s.open(c)
	case ')', ']', '}':
		s.closeBracket(c)
	case ';':
		s.ended = true
		s.set(wordOperator)
	case ',':
		s.element()
		s.set(wordOperator)
	case '"', '\'':
		if !s.loose {
			s.at = skipText(s.text, at, c) + 1
		}
		s.set(wordOperand)
	case '`':
		s.add(2)
		if s.loose {
			s.set(wordOperator)
		} else {
			s.template()
		}
	case '/':
		s.slash(at)
	default:
		s.operator(c, at)
	}
}

func (s *nestingScan) operator(c byte, at int) {
	repeated := at > 0 && s.text[at-1] == c
	if !repeated || strings.IndexByte("!~+-", c) >= 0 {
		s.add(1)
	}
	kind := wordOperator
	postfix := s.before == wordOperand && !s.newline
	switch c {
	case '+', '-':
		kind = s.sign2(c, at, postfix)
	case '!':
		if postfix && !strings.HasPrefix(s.text[s.at:], "=") {
			kind = wordOperand // TypeScript's
		}
	case '.':
		if s.top().space {
			s.add(arrowWeight) // esbuild takes time with the third power of their number
		}
	case ':':
		s.colon(at)
	case '>':
		if at > 0 && s.text[at-1] == '=' {
			s.arrow()
		} else {
			kind = wordUnsure
		}
	}
	s.set(kind)
	s.member = c == '.'
}

// sign2 takes a plus or minus, or two of them.
func (s *nestingScan) sign2(c byte, at int, postfix bool) wordKind {
	if strings.HasPrefix(s.text[at:], "-->") || strings.HasSuffix(s.text[:at], "<!") {
		s.loose = true // a comment of HTML, perhaps
		return wordOperator
	}
	if !strings.HasPrefix(s.text[s.at:], string(c)) {
		return wordOperator
	}
	s.add(1)
	s.at++
	if postfix {
		return wordOperand
	}
	return wordOperator
}

// colon takes a colon, which behind a parenthesis may belong to a condition or to a type.
func (s *nestingScan) colon(at int) {
	s.top().pair = true
	if s.before == wordOperand && strings.HasSuffix(strings.TrimRight(s.text[max(0, at-64):at], " \t\r\n"), ")") {
		s.top().colons++
	}
}

// arrow takes the arrow of a function.
func (s *nestingScan) arrow() {
	s.add(arrowWeight)
	if l := s.top(); l.colons > 0 {
		l.colons--
		l.tries++
		s.tries++
		s.found.Again = max(s.found.Again, s.tries)
	}
}

func (s *nestingScan) open(c byte) {
	head := c == '(' && isHead(s.word)
	s.levels = append(s.levels, nestLevel{opener: c, head: head})
	s.found.Brackets = max(s.found.Brackets, len(s.levels)-1)
	s.set(wordOperator)
}

func isHead(word string) bool {
	return word == "if" || word == "for" || word == "while" || word == "with" || word == "await"
}

func (s *nestingScan) closeBracket(c byte) {
	s.ended = false
	kind := wordOperand
	if len(s.levels) > 1 {
		s.statement()
		l := *s.top()
		s.levels = s.levels[:len(s.levels)-1]
		if c == ')' && strings.HasPrefix(strings.TrimLeft(s.text[s.at:min(len(s.text), s.at+64)], " \t\r\n"), "=>") {
			l.arrows++
			s.found.Again = max(s.found.Again, l.arrows)
		}
		s.top().arrows = max(s.top().arrows, l.arrows)
		switch {
		case l.opener == '$' && c == '}' && !s.loose:
			s.template()
			return
		case l.head:
			kind = wordOperator
			if s.word == "await" {
				kind = wordUnsure
			}
		}
	}
	s.add(1)
	if c == '}' {
		kind = wordBlock
	}
	s.set(kind)
}
