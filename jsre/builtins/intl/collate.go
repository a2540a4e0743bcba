package intl

import (
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// Collation says how text is compared.
type Collation struct {
	Locale      string
	Numeric     bool
	Sensitivity string // base, accent, case, variant
	UpperFirst  bool
	collator    *collate.Collator
}

// Compare is negative, 0 or positive. It is not for two goroutines at once.
func (c *Collation) Compare(a, b string) int {
	if c.collator == nil {
		tag, err := language.Parse(c.Locale)
		if err != nil {
			tag = language.Und
		}
		var options []collate.Option
		if c.Numeric {
			options = append(options, collate.Numeric)
		}
		switch c.Sensitivity {
		case "base":
			options = append(options, collate.IgnoreCase, collate.IgnoreDiacritics)
		case "accent":
			options = append(options, collate.IgnoreCase)
		case "case":
			options = append(options, collate.IgnoreDiacritics)
		}
		c.collator = collate.New(tag, options...)
	}
	n := c.collator.CompareString(a, b)
	if c.UpperFirst && n != 0 {
		if lower := (&Collation{Locale: c.Locale, Numeric: c.Numeric, Sensitivity: "accent"}).Compare(a, b); lower == 0 {
			return -n
		}
	}
	return n
}
