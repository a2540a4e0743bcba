package regex

import (
	"strings"
	"unicode"
)

// property reads \p{..} or \P{..} from its letter on.
func (p *parser) property() (spans, []string, bool) {
	not := p.peek() == 'P'
	p.at++
	if !p.take("{") {
		p.fail("Invalid property name")
	}
	var b strings.Builder
	for p.more() && p.peek() != '}' {
		b.WriteRune(p.peek())
		p.at++
	}
	if !p.take("}") {
		p.fail("Invalid property name")
	}
	name, value, hasValue := strings.Cut(b.String(), "=")
	if p.flags.Sets && !hasValue {
		if s, texts, ok := emojiTexts(name); ok {
			if not {
				p.fail("Invalid property name")
			}
			return s, texts, true
		}
	}
	s, ok := lookUp(name, value, hasValue)
	if !ok {
		p.fail("Invalid property name")
	}
	if p.flags.IgnoreCase && p.flags.Sets {
		s = p.fold().close(s)
	}
	if not {
		s = s.not()
	}
	return s, nil, true
}

func lookUp(name, value string, hasValue bool) (spans, bool) {
	if hasValue {
		switch name {
		case "General_Category", "gc":
			return category(value)
		case "Script", "sc", "Script_Extensions", "scx":
			return script(value)
		}
		return nil, false
	}
	if s, ok := category(name); ok {
		return s, true
	}
	return binary(name)
}

func fromTable(tables ...*unicode.RangeTable) spans {
	var out spans
	for _, t := range tables {
		for _, r := range t.R16 {
			out = out.stride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			out = out.stride(rune(r.Lo), rune(r.Hi), rune(r.Stride)) //nolint:gosec // code points
		}
	}
	return out.normal()
}

func (s spans) stride(lo, hi, by rune) spans {
	if by == 1 {
		return append(s, span{lo, hi})
	}
	for c := lo; c <= hi; c += by {
		s = append(s, span{c, c})
	}
	return s
}

// categories are the long names of the general categories; the short ones are Go's.
const categories = "Letter L Cased_Letter LC Uppercase_Letter Lu Lowercase_Letter Ll Titlecase_Letter Lt Modifier_Letter Lm Other_Letter Lo " +
	"Mark M Combining_Mark M Nonspacing_Mark Mn Spacing_Mark Mc Enclosing_Mark Me Number N Decimal_Number Nd digit Nd Letter_Number Nl Other_Number No " +
	"Punctuation P punct P Connector_Punctuation Pc Dash_Punctuation Pd Open_Punctuation Ps Close_Punctuation Pe Initial_Punctuation Pi Final_Punctuation Pf Other_Punctuation Po " +
	"Symbol S Math_Symbol Sm Currency_Symbol Sc Modifier_Symbol Sk Other_Symbol So Separator Z Space_Separator Zs Line_Separator Zl Paragraph_Separator Zp " +
	"Other C Control Cc cntrl Cc Format Cf Surrogate Cs Private_Use Co Unassigned Cn "

// short is what a list of pairs has for a name, or the name itself.
func short(list, name string) string {
	pairs := strings.Fields(list)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return name
}

func category(name string) (spans, bool) {
	name = short(categories, name)
	switch name {
	case "LC":
		return fromTable(unicode.Lu, unicode.Ll, unicode.Lt), true
	case "Cn":
		return assigned().not(), true
	case "C":
		return append(fromTable(unicode.C), assigned().not()...).normal(), true
	}
	t, ok := unicode.Categories[name]
	if !ok || len(name) > 2 {
		return nil, false
	}
	return fromTable(t), true
}

func assigned() spans {
	return fromTable(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}

// scripts are short names of scripts that are in use; all long ones are known.
const scripts = "Arab Arabic Armn Armenian Beng Bengali Bopo Bopomofo Brai Braille Cans Canadian_Aboriginal Cher Cherokee Copt Coptic Qaac Coptic Cyrl Cyrillic " +
	"Deva Devanagari Egyp Egyptian_Hieroglyphs Ethi Ethiopic Geor Georgian Goth Gothic Grek Greek Gujr Gujarati Guru Gurmukhi Hang Hangul Hani Han Hebr Hebrew " +
	"Hira Hiragana Kana Katakana Khmr Khmer Knda Kannada Laoo Lao Latn Latin Mlym Malayalam Mong Mongolian Mymr Myanmar Ogam Ogham Orya Oriya Runr Runic Runes Runic " +
	"Sinh Sinhala Syrc Syriac Taml Tamil Telu Telugu Tfng Tifinagh Thaa Thaana Thai Thai Tibt Tibetan Yiii Yi Zinh Inherited Qaai Inherited Zyyy Common "

func script(name string) (spans, bool) {
	t, ok := unicode.Scripts[name]
	if !ok {
		t, ok = unicode.Scripts[short(scripts, name)]
	}
	if ok {
		return fromTable(t), true
	}
	if name != "Zzzz" && name != "Unknown" {
		return nil, false
	}
	var all spans
	for _, t := range unicode.Scripts {
		all = append(all, fromTable(t)...)
	}
	return all.normal().not(), true
}
