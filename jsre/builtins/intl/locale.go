// Package intl formats numbers, dates and lists as Intl of ECMAScript does, and compares text. Its own
// data are those of CLDR 48 for English, and for dates and numbers of German, French, Spanish, Italian,
// Portuguese, Dutch, Swedish, Polish, Russian, Japanese and Chinese; other languages are written as English.
package intl

import "strings"

// Part is a piece of a formatted value.
type Part struct{ Type, Value string }

// Join is the text of parts.
func Join(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Value)
	}
	return b.String()
}

// Locale is what a language writes differently. Patterns have y and yy for the year, M and MM for a
// month in digits, L for one in words, d and dd for the day, E for the weekday.
type Locale struct {
	Tag      string
	language string

	number, short, medium     string // dates in digits; the styles short and medium
	full, monthDay, monthYear string // dates in words: with a day and a year, with a day, with a year
	weekday                   string // how a weekday joins a date: E and %
	weekdayNumeric            string
	glue, longGlue            string // between date and time
	twelve                    bool   // a clock of twelve hours
	am, pm                    string
	decimal, group            string
	groupFrom                 int // how many digits stand before the first separator at least
	lakh                      bool
	percent, currency, dollar string // % and ¤ where they stand
}

const nbsp = "\u00a0"

func english() Locale {
	return Locale{
		language: "en", number: "M/d/y", short: "M/d/yy", medium: "L d, y", full: "L d, y", monthDay: "L d", monthYear: "L y",
		weekday: "E, %", glue: ", ", longGlue: " at ", twelve: true, am: "AM", pm: "PM", decimal: ".", group: ",", groupFrom: 1, percent: "#%", currency: "¤#", dollar: "$",
	}
}

// british is what most English outside of the United States has in common.
func british() Locale {
	l := english()
	l.number, l.short, l.medium, l.full, l.monthDay = "dd/MM/y", "dd/MM/y", "d L y", "d L y", "d L"
	l.weekday, l.twelve, l.am, l.pm, l.dollar = "E, %", false, "am", "pm", "US$"
	return l
}

// european is what most languages of the European continent have in common.
func european(language string) Locale {
	l := british()
	l.language, l.decimal, l.group, l.percent, l.currency, l.dollar = language, ",", ".", "#"+nbsp+"%", "#"+nbsp+"¤", "$"
	return l
}

// regionalEnglish is English of a region that is known.
func regionalEnglish(tag string) (l Locale, ok bool) {
	switch tag {
	case "en":
		return english(), true
	case "en-GB":
		return british(), true
	case "en-AU":
		l = british()
		l.short, l.twelve, l.dollar = "d/M/yy", true, "USD"
	case "en-IN":
		l = british()
		l.number, l.short, l.twelve, l.lakh, l.dollar = "d/M/y", "dd/MM/yy", true, true, "$"
	case "en-CA":
		l = english()
		l.number, l.short, l.am, l.pm, l.dollar = "y-MM-dd", "y-MM-dd", "a.m.", "p.m.", "US$"
	default:
		return l, false
	}
	return l, true
}

// regional is the locale of a tag that is known.
func regional(tag string) (l Locale, ok bool) {
	if l, ok = regionalEnglish(tag); ok {
		return l, true
	}
	switch tag {
	case "de":
		l = european("de")
		l.number, l.short, l.medium, l.full, l.monthDay, l.longGlue = "d.M.y", "dd.MM.yy", "dd.MM.y", "d. L y", "d. L", " um "
	case "fr":
		l = european("fr")
		l.weekday, l.glue, l.longGlue, l.group, l.dollar = "E %", " ", " à ", "\u202f", "$US"
	case "es":
		l = european("es")
		l.number, l.short, l.medium, l.full = "d/M/y", "d/M/yy", "d L y", "d de L de y"
		l.longGlue, l.groupFrom, l.dollar = " a las ", 2, "US$"
		l.monthYear = "L de y"
	case "it":
		l = european("it")
		l.number, l.short, l.weekday, l.longGlue, l.groupFrom, l.percent, l.dollar = "dd/MM/y", "dd/MM/yy", "E %", " alle ore ", 2, "#%", "USD"
	case "pt":
		l = european("pt")
		l.medium, l.full, l.monthDay, l.monthYear, l.longGlue = "d de L de y", "d de L de y", "d de L", "L de y", " às "
		l.percent, l.currency, l.dollar = "#%", "¤"+nbsp+"#", "US$"
	case "nl":
		l = european("nl")
		l.number, l.short, l.weekday, l.longGlue = "d-M-y", "dd-MM-y", "E %", " om "
		l.percent, l.currency, l.dollar = "#%", "¤"+nbsp+"#", "US$"
	case "sv":
		l = european("sv")
		l.number, l.short, l.weekday, l.glue, l.longGlue, l.group, l.dollar = "y-MM-dd", "y-MM-dd", "E %", " ", " kl. ", nbsp, "US$"
	case "pl":
		l = european("pl")
		l.number, l.short, l.longGlue, l.group, l.groupFrom, l.percent, l.dollar = "d.MM.y", "d.MM.y", " ", nbsp, 2, "#%", "USD"
	case "ru":
		l = european("ru")
		l.number, l.short, l.medium, l.full, l.monthYear, l.longGlue, l.group = "dd.MM.y", "dd.MM.y", "d L y г.", "d L y г.", "L y г.", " в ", nbsp
	case "ja":
		l = english()
		l.language, l.number, l.short, l.medium, l.full, l.monthDay, l.monthYear = "ja", "y/M/d", "y/MM/dd", "y/MM/dd", "y年Ld日", "Ld日", "y年L"
		l.weekday, l.glue, l.longGlue, l.twelve, l.weekdayNumeric = "%(E)", " ", " ", false, "%(E)"
	case "zh":
		l = english()
		l.language, l.number, l.short, l.medium, l.full, l.monthDay, l.monthYear = "zh", "y/M/d", "y/M/d", "y年Ld日", "y年Ld日", "Ld日", "y年L"
		l.weekday, l.glue, l.longGlue, l.twelve, l.dollar, l.weekdayNumeric = "%E", " ", " ", false, "US$", "%E"
	default:
		return l, false
	}
	return l, true
}

// Find is the locale of a tag; that of its language when the region is not known, false when neither is.
func Find(tag string) (*Locale, bool) {
	base, _, _ := strings.Cut(tag, "-u-")
	language, _, _ := strings.Cut(base, "-")
	language = strings.ToLower(language)
	l, ok := regional(base)
	if !ok {
		l, ok = regional(language)
	}
	if !ok {
		l, base = english(), "en-US"
	}
	l.Tag = base
	return &l, ok
}

// Canonical is a tag in its usual spelling, false when it is none.
func Canonical(tag string) (string, bool) {
	parts := strings.Split(strings.ToLower(tag), "-")
	if p := parts[0]; len(p) < 2 || len(p) == 4 || strings.ContainsAny(p, "0123456789") {
		return "", false
	}
	for i, p := range parts {
		if len(p) == 0 || len(p) > 8 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return "", false
		}
		switch {
		case i > 0 && len(p) == 4 && p[0] > '9':
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		case i > 0 && len(p) == 2 && len(parts[i-1]) != 1:
			parts[i] = strings.ToUpper(p)
		}
	}
	return strings.Join(parts, "-"), true
}

// monthName, weekdayName: width is long, short or narrow.
func (l *Locale) monthName(month int, width string) string {
	return l.name(0, month-1, width)
}

func (l *Locale) weekdayName(day int, width string) string { return l.name(2, day, width) }

func (l *Locale) name(from, i int, width string) string {
	lists := strings.Split(names(l.language), "|")
	if width != "long" {
		from++
	}
	name := strings.Fields(lists[from])[i]
	if width == "narrow" {
		return strings.ToUpper(string([]rune(name)[:1]))
	}
	return name
}

// Twelve reports whether the clock of a language has twelve hours.
func (l *Locale) Twelve() bool { return l.twelve }
