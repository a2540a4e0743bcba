package engine

import "strings"

// slash takes a slash that begins no comment: a division, or a regular expression.
func (s *nestingScan) slash(at int) {
	s.add(1)
	if s.before == wordOperand || s.loose {
		s.set(wordOperator)
		return
	}
	if s.before != wordOperator {
		s.loose = true
		s.set(wordOperator)
		return
	}
	class := false
	for i := at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\n' || c == '\r':
			s.loose = true // no regular expression after all
			return
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.at = i + 1
			s.set(wordOperand)
			return
		}
	}
	s.loose = true
}

// comment passes a comment by, if one is there.
func (s *nestingScan) comment() bool {
	rest := s.text[s.at:]
	switch {
	case strings.HasPrefix(rest, "//"):
		end := strings.IndexAny(rest, "\n\r\u2028\u2029")
		if end < 0 {
			end = len(rest)
		}
		s.at += end
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			s.at = len(s.text)
			return true
		}
		s.newline = s.newline || strings.ContainsAny(rest[:end+2], "\n\r")
		s.at += end + 4
	default:
		return false
	}
	return true
}

// template passes the text of a template by, up to its end or to code in it.
func (s *nestingScan) template() {
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '`':
			s.at++
			s.set(wordOperand)
			return
		case '$':
			if strings.HasPrefix(s.text[s.at:], "${") {
				s.at += 2
				s.open('$')
				return
			}
		}
	}
}

// readWord takes a name, a keyword or a number.
func (s *nestingScan) readWord() {
	begin := s.at
	number := s.text[begin] >= '0' && s.text[begin] <= '9'
	for s.at < len(s.text) && (isWordByte(s.text[s.at]) || number && s.text[s.at] == '.') {
		s.at++
	}
	word := s.text[begin:s.at]
	if s.member {
		if s.before == wordOperand {
			s.add(1)
		}
		s.ended = false
		s.set(wordOperand)
		return
	}
	s.takeWord(word)
}

// takeWord takes a word that is no member's name.
func (s *nestingScan) takeWord(word string) {
	kind, goesOn := kindOfWord(word), continues(word)
	if !goesOn && (s.ended || s.before == wordBlock || s.before == wordOperand && s.newline) {
		s.statement()
	}
	s.ended = false
	if word == "else" {
		s.top().chain++
		s.sum++
	}
	if kind != wordOperand || goesOn || s.before == wordOperand {
		s.add(1)
	}
	before := s.word
	s.set(kind)
	s.word = word
	if word == "await" && before == "for" {
		s.word = "for"
	}
	s.top().space = s.top().space || word == "namespace" || word == "module"
}

// kindOfWord tells whether an operand follows a word.
func kindOfWord(word string) wordKind {
	switch word {
	case "return", "typeof", "instanceof", "in", "new", "delete", "void", "throw", "case", "do", "else", "extends", "default",
		"if", "for", "while", "with", "function", "class", "const", "var", "try", "finally", "switch", "import", "export":
		return wordOperator
	case "of", "yield", "await", "async", "let", "static", "keyof", "infer", "unique", "readonly", "asserts", "abstract", "declare",
		"type", "as", "is", "satisfies", "accessor", "public", "private", "protected", "override", "global", "module", "namespace", "enum", "get", "set":
		return wordUnsure
	}
	return wordOperand
}

// continues tells whether a word at the beginning of a line, or after a brace, goes on with what is before it.
func continues(word string) bool {
	switch word {
	case "else", "in", "instanceof", "of", "as", "is", "extends", "implements", "satisfies", "catch", "finally", "while", "from":
		return true
	}
	return false
}

// skipText returns where a text in quotes ends; begin itself when it does not end on its line.
func skipText(text string, begin int, quote byte) int {
	for j := begin + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			if j++; j+1 < len(text) && text[j] == '\r' && text[j+1] == '\n' {
				j++
			}
		case quote:
			return j
		case '\n', '\r':
			return begin
		}
	}
	return begin
}
