package intl

import (
	"math"
	"strconv"
	"strings"
)

// Number says how numbers are written. Fields that are -1 are not asked for.
type Number struct {
	Locale                         *Locale
	Style                          string // decimal, percent, currency, unit
	Currency, CurrencyDisplay      string
	Unit, UnitDisplay              string
	MinInteger                     int
	MinFraction, MaxFraction       int
	MinSignificant, MaxSignificant int
	Grouping                       string // auto, always, min2, false
	Notation, CompactDisplay       string
	SignDisplay                    string
	Accounting                     bool
}

// decimal is a number in decimal digits: 0.digits times ten to the power of exp.
type decimal struct {
	digits string
	exp    int
}

// parse reads the text of a number without a sign: as strconv writes it, or digits only.
func parse(text string) decimal {
	mantissa, e, _ := strings.Cut(text, "e")
	exp, _ := strconv.Atoi(e)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d := decimal{whole + fraction, len(whole) + exp}
	for strings.HasPrefix(d.digits, "0") {
		d.digits = d.digits[1:]
		d.exp--
	}
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		d.exp = 0
	}
	return d
}

// round keeps n digits; halves are rounded up.
func (d decimal) round(n int) decimal {
	if n >= len(d.digits) {
		return d
	}
	if n < 0 {
		return decimal{}
	}
	up := d.digits[n] >= '5'
	kept := []byte(d.digits[:n])
	if up {
		i := n - 1
		for ; i >= 0 && kept[i] == '9'; i-- {
			kept[i] = '0'
		}
		if i < 0 {
			return decimal{"1", d.exp + 1}
		}
		kept[i]++
	}
	out := decimal{strings.TrimRight(string(kept), "0"), d.exp}
	if out.digits == "" {
		out.exp = 0
	}
	return out
}

// parts are the digits before and after the point.
func (d decimal) parts() (whole, fraction string) {
	switch {
	case d.digits == "":
		return "0", ""
	case d.exp <= 0:
		return "0", strings.Repeat("0", -d.exp) + d.digits
	case d.exp >= len(d.digits):
		return d.digits + strings.Repeat("0", d.exp-len(d.digits)), ""
	}
	return d.digits[:d.exp], d.digits[d.exp:]
}

// Format writes a number.
func (n *Number) Format(f float64) []Part {
	return n.format(math.Signbit(f), strconv.FormatFloat(math.Abs(f), 'e', -1, 64), math.IsNaN(f), math.IsInf(f, 0))
}

// FormatBig writes an integer given in digits.
func (n *Number) FormatBig(text string) []Part {
	abs, negative := strings.CutPrefix(text, "-")
	return n.format(negative, abs, false, false)
}

func (n *Number) format(negative bool, text string, nan, inf bool) []Part {
	var body []Part
	zero, suffix := false, ""
	switch {
	case nan:
		body, negative = []Part{{"nan", "NaN"}}, false
	case inf:
		body = []Part{{"infinity", "∞"}}
	default:
		d := parse(text)
		if n.Style == "percent" && d.digits != "" {
			d.exp += 2
		}
		d, suffix = n.compact(d)
		whole, fraction := n.digits(d)
		zero = strings.Trim(whole+fraction, "0") == ""
		body = n.grouped(whole)
		if fraction != "" {
			body = append(body, Part{"decimal", n.Locale.decimal}, Part{"fraction", fraction})
		}
		if suffix != "" {
			if n.CompactDisplay == "long" {
				body = append(body, Part{"literal", " "})
			}
			body = append(body, Part{"compact", suffix})
		}
	}
	return n.signed(n.affixed(body), negative, zero || nan)
}

// compact divides by thousands for the notation compact.
func (n *Number) compact(d decimal) (decimal, string) {
	if n.Notation != "compact" {
		return d, ""
	}
	if d.exp > 15 {
		d.exp -= 12
		return d, n.compactName(4)
	}
	step := max((d.exp-1)/3, 0)
	scaled := d
	scaled.exp -= 3 * step
	if whole, _ := n.digits(scaled); len(whole) > 3 && step < 4 { // 999,999 is 1M
		step++
		scaled.exp -= 3
	}
	return scaled, n.compactName(step)
}

func (n *Number) compactName(step int) string {
	if n.CompactDisplay == "long" {
		return []string{"", "thousand", "million", "billion", "trillion"}[step]
	}
	return []string{"", "K", "M", "B", "T"}[step]
}

// digits rounds and pads.
func (n *Number) digits(d decimal) (whole, fraction string) {
	switch {
	case n.MaxSignificant > 0:
		d = d.round(n.MaxSignificant)
	case n.Notation == "compact" && n.MaxFraction < 0:
		d = d.round(max(2, d.exp))
	default:
		d = d.round(d.exp + max(n.MaxFraction, 0))
	}
	whole, fraction = d.parts()
	least := max(n.MinFraction, 0)
	if n.MaxSignificant > 0 {
		least = max(n.MinSignificant-max(d.exp, 0), 0)
		if d.exp <= 0 && d.digits != "" {
			least = n.MinSignificant - d.exp
		} else if d.digits == "" {
			least = n.MinSignificant - 1
		}
	}
	if len(fraction) < least {
		fraction += strings.Repeat("0", least-len(fraction))
	}
	if len(whole) < n.MinInteger {
		whole = strings.Repeat("0", n.MinInteger-len(whole)) + whole
	}
	return whole, fraction
}

// grouped puts separators between the digits of a whole number.
func (n *Number) grouped(whole string) []Part {
	from := n.Locale.groupFrom
	switch n.Grouping {
	case "false":
		from = len(whole)
	case "always":
		from = 1
	case "min2":
		from = 2
	}
	if len(whole) < 3+from {
		return []Part{{"integer", whole}}
	}
	cuts := []int{len(whole) - 3}
	size := 3
	if n.Locale.lakh {
		size = 2
	}
	for c := cuts[0] - size; c > 0; c -= size {
		cuts = append([]int{c}, cuts...)
	}
	var out []Part
	last := 0
	for _, c := range cuts {
		out = append(out, Part{"integer", whole[last:c]}, Part{"group", n.Locale.group})
		last = c
	}
	return append(out, Part{"integer", whole[last:]})
}

// affixed adds percent sign, currency or unit.
func (n *Number) affixed(body []Part) []Part {
	switch n.Style {
	case "percent":
		return pattern(n.Locale.percent, body, "%", Part{"percentSign", "%"})
	case "currency":
		if n.CurrencyDisplay == "name" {
			return append(body, Part{"literal", " "}, Part{"currency", n.currencyName(Join(body))})
		}
		symbol := n.symbol()
		p := n.Locale.currency
		if last := symbol[len(symbol)-1]; p == "¤#" && (last >= 'A' && last <= 'Z') {
			p = "¤" + nbsp + "#"
		}
		return pattern(p, body, "¤", Part{"currency", symbol})
	case "unit":
		text, gap := n.unit(Join(body))
		if gap {
			body = append(body, Part{"literal", " "})
		}
		return append(body, Part{"unit", text})
	}
	return body
}

// pattern puts a sign where the pattern has it.
func pattern(p string, body []Part, mark string, sign Part) []Part {
	before, after, _ := strings.Cut(p, "#")
	var out []Part
	add := func(text string) {
		a, b, ok := strings.Cut(text, mark)
		if a != "" {
			out = append(out, Part{"literal", a})
		}
		if ok {
			out = append(out, sign)
		}
		if b != "" {
			out = append(out, Part{"literal", b})
		}
	}
	add(before)
	out = append(out, body...)
	add(after)
	return out
}

func (n *Number) symbol() string {
	if n.CurrencyDisplay == "code" {
		return n.Currency
	}
	switch n.Currency {
	case "USD":
		if n.CurrencyDisplay == "narrowSymbol" {
			return "$"
		}
		return n.Locale.dollar
	case "EUR":
		if n.Locale.Tag == "en-AU" {
			return "EUR"
		}
		return "€"
	}
	const symbols = "GBP£ JPY¥ CNYCN¥ INR₹ KRW₩ BRLR$ ILS₪ VND₫ NZDNZ$ AUDA$ CADCA$ MXNMX$ HKDHK$ TWDNT$ XAFFCFA PHP₱"
	for _, s := range strings.Fields(symbols) {
		if strings.HasPrefix(s, n.Currency) {
			s = s[3:]
			if home := n.Currency[:2]; strings.HasSuffix(n.Locale.Tag, home) && strings.HasSuffix(s, "$") && n.Currency != "BRL" {
				return "$"
			}
			if n.Currency == "JPY" && n.Locale.language == "ja" {
				return "￥"
			}
			if n.Currency == "CNY" && n.Locale.language == "zh" {
				return "¥"
			}
			return s
		}
	}
	return n.Currency
}

func (n *Number) currencyName(text string) string {
	const list = "USD US dollar,EUR euro,GBP British pound,JPY Japanese yen,CHF Swiss franc,CNY Chinese yuan,INR Indian rupee,"
	i := strings.Index(list, n.Currency+" ")
	if i < 0 {
		return n.Currency
	}
	name, _, _ := strings.Cut(list[i+4:], ",")
	if text != "1" && n.Currency != "JPY" && n.Currency != "CNY" {
		name += "s"
	}
	return name
}

// unit is the name of the unit of a number.
func (n *Number) unit(text string) (name string, gap bool) {
	const short = "percent % celsius °C fahrenheit °F degree deg bit bit byte byte kilobit kb megabit Mb kilobyte kB megabyte MB gigabyte GB terabyte TB " +
		"millisecond ms second sec minute min hour hr day day week wk month mth year yr millimeter mm centimeter cm meter m kilometer km inch in foot ft mile mi " +
		"gram g kilogram kg pound lb liter L milliliter mL kilometer-per-hour km/h mile-per-hour mph "
	if n.UnitDisplay == "long" {
		name = strings.ReplaceAll(n.Unit, "-per-", "s per ")
		switch {
		case n.Unit == "celsius" || n.Unit == "fahrenheit":
			return "degrees " + strings.ToUpper(name[:1]) + name[1:], true
		case text != "1" && name == n.Unit && n.Unit != "percent" && n.Unit != "foot" && n.Unit != "inch":
			name += "s"
		}
		return name, true
	}
	fields := strings.Fields(short)
	for i := 0; i < len(fields); i += 2 {
		if fields[i] != n.Unit {
			continue
		}
		name = fields[i+1]
		plural := strings.Contains(" day wk mth yr ", " "+name+" ")
		if n.UnitDisplay == "narrow" {
			return name[:min(len(name), max(1, len(name)))], false
		}
		if plural && text != "1" {
			name += "s"
		}
		return name, !strings.HasPrefix(name, "°") && name != "%"
	}
	return n.Unit, true
}

// signed puts the sign before the number.
func (n *Number) signed(body []Part, negative, zero bool) []Part {
	switch {
	case negative && n.showsMinus(zero):
		if n.Accounting && n.Style == "currency" && n.Locale.language == "en" {
			return append(append([]Part{{"literal", "("}}, body...), Part{"literal", ")"})
		}
		sign := "-"
		if n.Locale.language == "sv" {
			sign = "−"
		}
		return append([]Part{{"minusSign", sign}}, body...)
	case n.SignDisplay == "always", n.SignDisplay == "exceptZero" && !zero:
		return append([]Part{{"plusSign", "+"}}, body...)
	}
	return body
}

// showsMinus reports whether a negative number, which may be -0, has its sign.
func (n *Number) showsMinus(zero bool) bool {
	switch n.SignDisplay {
	case "never":
		return false
	case "exceptZero", "negative":
		return !zero
	}
	return true
}
