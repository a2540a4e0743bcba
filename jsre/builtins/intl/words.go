package intl

import (
	"math"
	"strconv"
	"strings"
)

// Plural is the category of a number in a language: text is the number as it is written.
func Plural(language, text string, ordinal bool) string {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	n, _ := strconv.ParseInt(whole, 10, 64)
	ten, hundred := n%10, n%100
	plain := fraction == ""
	if ordinal {
		return ordinalOf(language, ten, hundred, plain)
	}
	switch language {
	case "ja", "zh", "ko", "vi", "th", "id":
		return "other"
	case "fr", "pt", "es", "it":
		return romance(language, n, plain)
	case "ru", "uk", "pl":
		return slavic(language, n, ten, hundred, plain)
	case "cs", "sk":
		return czech(n, plain)
	}
	if n == 1 && plain {
		return "one"
	}
	return "other"
}

func romance(language string, n int64, plain bool) string {
	zeroIsOne := language == "fr" || language == "pt"
	switch {
	case zeroIsOne && (n == 0 || n == 1), n == 1 && plain:
		return "one"
	case n != 0 && n%1000000 == 0 && plain:
		return "many"
	}
	return "other"
}

func czech(n int64, plain bool) string {
	switch {
	case !plain:
		return "many"
	case n == 1:
		return "one"
	case n >= 2 && n <= 4:
		return "few"
	}
	return "other"
}

func slavic(language string, n, ten, hundred int64, plain bool) string {
	switch {
	case !plain:
		return "other"
	case language == "pl" && n == 1 || language != "pl" && ten == 1 && hundred != 11:
		return "one"
	case ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14):
		return "few"
	}
	return "many"
}

func ordinalOf(language string, ten, hundred int64, plain bool) string {
	if language != "en" || !plain {
		return "other"
	}
	switch {
	case ten == 1 && hundred != 11:
		return "one"
	case ten == 2 && hundred != 12:
		return "two"
	case ten == 3 && hundred != 13:
		return "few"
	}
	return "other"
}

// Categories are those that a language has.
func Categories(language string, ordinal bool) []string {
	if ordinal {
		if language == "en" {
			return []string{"few", "one", "two", "other"}
		}
		return []string{"other"}
	}
	switch language {
	case "ja", "zh", "ko", "vi", "th", "id":
		return []string{"other"}
	case "fr", "pt", "es", "it":
		return []string{"one", "many", "other"}
	case "ru", "uk", "pl", "cs", "sk":
		return []string{"few", "many", "one", "other"}
	}
	return []string{"one", "other"}
}

// List joins elements: kind is conjunction, disjunction or unit.
func List(l *Locale, items []string, kind, style string) []Part {
	two, last, comma := joints(l, kind, style)
	var out []Part
	for i, item := range items {
		switch {
		case i == 0:
		case len(items) == 2:
			out = append(out, Part{"literal", two})
		case i == len(items)-1:
			out = append(out, Part{"literal", last})
		default:
			out = append(out, Part{"literal", comma})
		}
		out = append(out, Part{"element", item})
	}
	return out
}

// joints are what stands between two elements, in front of the last of more, and between the others.
func joints(l *Locale, kind, style string) (two, last, comma string) {
	switch {
	case l.language == "zh" && kind == "conjunction":
		return "和", "和", "、"
	case l.language == "ja" || l.language == "zh":
		return "、", "、", "、"
	case kind == "unit" && style == "narrow":
		return " ", " ", " "
	case kind == "unit":
		return ", ", ", ", ", "
	}
	word := joinWord(l, kind, style)
	american := l.language == "en" && (l.twelve || l.Tag == "en-US")
	if american && word != ", " {
		return word, "," + word, ", "
	}
	return word, word, ", "
}

// joinWord is "and" or "or" of a language.
func joinWord(l *Locale, kind, style string) string {
	const words = "en and or|de und oder|fr et ou|es y o|it e o|pt e ou|nl en of|sv och eller|pl i lub|ru и или|"
	and, or := "and", "or"
	for entry := range strings.SplitSeq(words, "|") {
		if f := strings.Fields(entry); len(f) == 3 && f[0] == l.language {
			and, or = f[1], f[2]
		}
	}
	brief := l.language == "en" && l.Tag != "en-GB"
	switch {
	case kind == "disjunction":
		return " " + or + " "
	case brief && style == "short":
		return " & "
	case brief && style == "narrow":
		return ", "
	}
	return " " + and + " "
}

// Relative writes how far off something is, in English.
func Relative(n *Number, value float64, unit, style string, auto bool) []Part {
	unit = strings.TrimSuffix(unit, "s")
	if auto {
		if text := relativeWord(value, unit); text != "" {
			return []Part{{"literal", text}}
		}
	}
	body := n.Format(math.Abs(value))
	name := unit
	if style != "long" {
		const short = "second sec. minute min. hour hr. day day week wk. month mo. quarter qtr. year yr. "
		f := strings.Fields(short)
		for i := 0; i < len(f); i += 2 {
			if f[i] == unit {
				name = f[i+1]
			}
		}
		if style == "narrow" {
			name = map[string]string{"second": "s", "minute": "min", "hour": "h", "day": "d", "week": "w", "month": "mo", "quarter": "q", "year": "y"}[unit]
		}
	}
	if Plural("en", Join(body), false) != "one" {
		switch {
		case style == "long" || name == "day":
			name += "s"
		case name == "qtr.":
			name = "qtrs."
		}
	}
	gap := " "
	if style == "narrow" {
		gap = ""
	}
	if value < 0 || value == 0 && math.Signbit(value) {
		return append(body, Part{"literal", gap + name + " ago"})
	}
	return append(append([]Part{{"literal", "in "}}, body...), Part{"literal", gap + name})
}

func relativeWord(value float64, unit string) string {
	if value == 0 {
		switch unit {
		case "second":
			return "now"
		case "day":
			return "today"
		}
		return "this " + unit
	}
	if unit == "second" || unit == "minute" || unit == "hour" {
		return ""
	}
	switch {
	case value == 1 && unit == "day":
		return "tomorrow"
	case value == -1 && unit == "day":
		return "yesterday"
	case value == 1:
		return "next " + unit
	case value == -1:
		return "last " + unit
	}
	return ""
}
