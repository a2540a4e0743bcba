package regex

import (
	"unicode"
)

// shortNames are the short names of properties that are true or false.
const shortNames = "AHex ASCII_Hex_Digit Alpha Alphabetic Bidi_C Bidi_Control Bidi_M Bidi_Mirrored CI Case_Ignorable CWCF Changes_When_Casefolded " +
	"CWCM Changes_When_Casemapped CWL Changes_When_Lowercased CWT Changes_When_Titlecased CWU Changes_When_Uppercased DI Default_Ignorable_Code_Point " +
	"Dep Deprecated Dia Diacritic EBase Emoji_Modifier_Base EComp Emoji_Component EMod Emoji_Modifier EPres Emoji_Presentation ExtPict Extended_Pictographic " +
	"Ext Extender Gr_Base Grapheme_Base Gr_Ext Grapheme_Extend Hex Hex_Digit IDSB IDS_Binary_Operator IDST IDS_Trinary_Operator IDC ID_Continue IDS ID_Start " +
	"Ideo Ideographic Join_C Join_Control LOE Logical_Order_Exception Lower Lowercase NChar Noncharacter_Code_Point Pat_Syn Pattern_Syntax " +
	"Pat_WS Pattern_White_Space QMark Quotation_Mark RI Regional_Indicator STerm Sentence_Terminal SD Soft_Dotted Term Terminal_Punctuation " +
	"UIdeo Unified_Ideograph Upper Uppercase VS Variation_Selector space White_Space XIDC XID_Continue XIDS XID_Start "

// binary is a property that a character has or has not.
func binary(name string) (spans, bool) {
	name = short(shortNames, name)
	if t := embedded(name); t != nil {
		return t, true
	}
	switch name {
	case "Any":
		return everything, true
	case "ASCII":
		return spans{{0, 127}}, true
	case "Assigned":
		return assigned(), true
	}
	if s := derived(name); s != nil {
		return s, true
	}
	switch name {
	case "Other_Alphabetic", "Other_Lowercase", "Other_Uppercase", "Other_Math", "Other_ID_Start", "Other_ID_Continue",
		"Other_Grapheme_Extend", "Other_Default_Ignorable_Code_Point", "Hyphen", "Prepended_Concatenation_Mark":
		return nil, false // they exist to make others of only
	}
	t, ok := unicode.Properties[name]
	if !ok {
		return nil, false
	}
	return fromTable(t), true
}

// derived are the properties that Unicode derives from others.
func derived(name string) spans {
	switch name {
	case "Alphabetic":
		return fromTable(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.Other_Lowercase, unicode.Other_Uppercase)
	case "Lowercase":
		return fromTable(unicode.Ll, unicode.Other_Lowercase)
	case "Uppercase":
		return fromTable(unicode.Lu, unicode.Other_Uppercase)
	case "Cased":
		return fromTable(unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
	case "Case_Ignorable":
		s := fromTable(unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
		for _, c := range "'.:··՟״‘’․‧︓﹒﹕'.:^" {
			s = append(s, span{c, c})
		}
		return s.normal()
	case "Math":
		return fromTable(unicode.Sm, unicode.Other_Math)
	case "ID_Start", "XID_Start":
		return idStart()
	case "ID_Continue", "XID_Continue":
		return append(idStart(), fromTable(unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)...).normal()
	case "Grapheme_Extend":
		return graphemeExtend()
	case "Grapheme_Base":
		not := append(fromTable(unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp), graphemeExtend()...)
		return assigned().and(not.normal().not())
	case "Default_Ignorable_Code_Point":
		not := append(fromTable(unicode.White_Space, unicode.Prepended_Concatenation_Mark), span{0xfff9, 0xfffb}, span{0x13430, 0x13440})
		return fromTable(unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector).and(not.normal().not())
	}
	return changes(name)
}

func idStart() spans {
	s := fromTable(unicode.L, unicode.Nl, unicode.Other_ID_Start)
	return s.and(fromTable(unicode.Pattern_Syntax, unicode.Pattern_White_Space).not())
}

func graphemeExtend() spans { return fromTable(unicode.Me, unicode.Mn, unicode.Other_Grapheme_Extend) }

// caseChange is a property Changes_When_..., by what it says of a character; nil for other names.
func caseChange(name string) func(rune) bool {
	switch name {
	case "Changes_When_Lowercased":
		return func(c rune) bool { return unicode.ToLower(c) != c }
	case "Changes_When_Uppercased":
		return func(c rune) bool { return unicode.ToUpper(c) != c || grows.has(c) && !unicode.IsUpper(c) }
	case "Changes_When_Titlecased":
		return func(c rune) bool { return unicode.ToTitle(c) != c || grows.has(c) && unicode.IsLower(c) }
	case "Changes_When_Casefolded":
		return func(c rune) bool { return unicode.IsUpper(c) || unicode.ToLower(c) != c || grows.has(c) }
	case "Changes_When_Casemapped":
		return func(c rune) bool {
			return unicode.ToLower(c) != c || unicode.ToUpper(c) != c || unicode.ToTitle(c) != c || grows.has(c)
		}
	}
	return nil
}

// changes are the characters that a change of case changes.
func changes(name string) spans {
	does := caseChange(name)
	if does == nil {
		return nil
	}
	out := spans{}
	add := func(c rune) {
		if does(c) {
			out = append(out, span{c, c})
		}
	}
	for _, c := range cased() {
		add(c)
	}
	for _, r := range grows {
		for c := r.lo; c <= r.hi; c++ {
			add(c)
		}
	}
	return out.normal()
}
