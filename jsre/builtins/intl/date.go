package intl

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Date says how a date is written. Fields that are empty are not.
type Date struct {
	Locale                                    *Locale
	Zone                                      *time.Location
	ZoneID                                    string
	Weekday, Era, Year, Month, Day            string
	Hour, Minute, Second, ZoneName, DayPeriod string
	Fraction                                  int
	Twelve                                    bool
	HourZero                                  bool // midnight is 0 of a clock of twelve, or 24 of one of 24
	DateStyle, TimeStyle                      string
}

// Format writes a time.
func (d *Date) Format(t time.Time) []Part {
	t = t.In(d.Zone)
	date, long := d.date(t)
	clock := d.clock(t)
	zone := d.ZoneName
	switch d.TimeStyle {
	case "full":
		zone = "long"
	case "long":
		zone = "short"
	}
	if zone != "" {
		gap := " "
		if len(clock) == 0 {
			gap = ", "
		}
		clock = append(clock, Part{"literal", gap}, Part{"timeZoneName", zoneName(t, zone, d.ZoneID)})
		if len(date) > 0 && d.Hour == "" && d.TimeStyle == "" {
			return append(date, clock...)
		}
	}
	if len(date) == 0 || len(clock) == 0 {
		return append(date, clock...)
	}
	glue := d.Locale.glue
	switch {
	case long:
		glue = d.Locale.longGlue
	case d.Year == "" && d.Month == "" && d.Day == "" && d.DateStyle == "":
		glue = " "
	}
	return append(append(date, Part{"literal", glue}), clock...)
}

// date writes the day; long says that it does so in long words.
func (d *Date) date(t time.Time) (parts []Part, long bool) {
	l := d.Locale
	switch d.DateStyle {
	case "short":
		return d.fill(l.short, t, "", "", ""), false
	case "medium":
		return d.fill(l.medium, t, "short", "", ""), false
	case "long":
		return d.fill(l.full, t, "long", "", ""), true
	case "full":
		w := l.weekday
		if l.language == "ja" {
			w = "%E"
		}
		return d.fill(strings.Replace(w, "%", l.full, 1), t, "long", "", "long"), true
	}
	p, width := "", d.Month
	words := d.Month == "long" || d.Month == "short" || d.Month == "narrow"
	switch {
	case d.Year == "" && d.Month == "" && d.Day == "":
	case words && d.Day != "" && d.Year != "":
		p = l.full
		if width == "short" && strings.Contains(l.medium, "L") {
			p = l.medium
		}
	case words && d.Day != "":
		p = l.monthDay
		if width == "long" && l.language == "es" {
			p = "d de L"
		}
	case words && d.Year != "":
		p = l.monthYear
		if width == "short" && l.language == "es" {
			p = "L y"
		}
	case words:
		p = "L"
	default:
		p = d.numeric()
	}
	if d.Weekday != "" {
		w := l.weekday
		if p == "" {
			w = "%E"
		} else if l.language == "en" && !l.twelve && d.Year == "" {
			w = "E %"
		} else if l.language == "ja" && d.Weekday == "long" {
			w = "%E"
		}
		p = strings.Replace(w, "%", p, 1)
	}
	parts = d.fill(p, t, width, d.Year, d.Weekday)
	if d.Era != "" {
		parts = append(parts, Part{"literal", " "}, Part{"era", map[bool]string{true: "AD", false: "BC"}[t.Year() > 0]})
	}
	return parts, words && d.Month == "long" && d.Day != ""
}

// numeric is the pattern of a date in digits, without what is not asked for.
func (d *Date) numeric() string {
	var out strings.Builder
	last := ""
	for _, token := range tokens(d.Locale.number) {
		option := ""
		switch token[0] {
		case 'y':
			option = d.Year
		case 'M':
			option = d.Month
		case 'd':
			option = d.Day
		default:
			last = token
			continue
		}
		if option == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteString(last)
		}
		two := option == "2-digit"
		if d.Year == "" || d.Month == "" || d.Day == "" {
			if (d.Year != "" || d.Day != "") && d.Month != "" && len(token) == 2 {
				two = true
			}
		} else {
			two = two || len(token) == 2
		}
		out.WriteString(token[:1])
		if two {
			out.WriteString(token[:1])
		}
	}
	return out.String()
}

// tokens are the letters of a pattern that repeat, and what is between them.
func tokens(p string) []string {
	var out []string
	for i := 0; i < len(p); {
		j := i + 1
		letter := strings.IndexByte("yMdLE", p[i]) >= 0
		for j < len(p) && (letter && p[j] == p[i] || !letter && strings.IndexByte("yMdLE", p[j]) < 0) {
			j++
		}
		out = append(out, p[i:j])
		i = j
	}
	return out
}

func (d *Date) fill(p string, t time.Time, month, year, weekday string) []Part {
	var out []Part
	// Words of a pattern hold letters that stand for something elsewhere.
	p = strings.NewReplacer(" de ", " \x01 ").Replace(p)
	for _, token := range tokens(p) {
		switch token {
		case "y", "yy":
			y := t.Year()
			if y <= 0 && d.Era != "" {
				y = 1 - y
			}
			text := strconv.Itoa(y)
			if token == "yy" || year == "2-digit" {
				text = fmt.Sprintf("%02d", (y%100+100)%100)
			}
			out = append(out, Part{"year", text})
		case "M", "MM":
			out = append(out, Part{"month", pad(int(t.Month()), len(token))})
		case "d", "dd":
			width := len(token)
			if d.Day == "2-digit" {
				width = 2
			}
			out = append(out, Part{"day", pad(t.Day(), width)})
		case "L":
			out = append(out, Part{"month", d.Locale.monthName(int(t.Month()), month)})
		case "E":
			name := d.Locale.weekdayName(int(t.Weekday()), weekday)
			if d.Locale.language == "de" && weekday == "short" && len(p) > 1 {
				name += "."
			}
			out = append(out, Part{"weekday", name})
		default:
			out = append(out, Part{"literal", strings.ReplaceAll(token, "\x01", "de")})
		}
	}
	return out
}

func pad(n, width int) string { return fmt.Sprintf("%0*d", width, n) }

// clock writes the time of the day.
func (d *Date) clock(t time.Time) []Part {
	hour, minute, second := d.Hour, d.Minute, d.Second
	switch d.TimeStyle {
	case "":
	case "short":
		hour, minute = "numeric", "2-digit"
	default:
		hour, minute, second = "numeric", "2-digit", "2-digit"
	}
	var out []Part
	add := func(kind, text string) {
		if len(out) > 0 {
			out = append(out, Part{"literal", ":"})
		}
		out = append(out, Part{kind, text})
	}
	if hour != "" {
		add("hour", d.hour(t, hour))
	}
	if minute != "" {
		width := 1
		if hour != "" || second != "" || minute == "2-digit" && second != "" {
			width = 2
		}
		add("minute", pad(t.Minute(), width))
	}
	if second != "" {
		width := 1
		if minute != "" {
			width = 2
		}
		add("second", pad(t.Second(), width))
	}
	if d.Fraction > 0 {
		if len(out) > 0 {
			out = append(out, Part{"literal", d.Locale.decimal})
		}
		out = append(out, Part{"fractionalSecond", fmt.Sprintf("%03d", t.Nanosecond()/1e6)[:d.Fraction]})
	}
	if hour != "" && d.Twelve {
		half := d.Locale.am
		if t.Hour() >= 12 {
			half = d.Locale.pm
		}
		out = append(out, Part{"literal", "\u202f"}, Part{"dayPeriod", half})
	}
	return out
}

func (d *Date) hour(t time.Time, width string) string {
	h := t.Hour()
	switch {
	case d.Twelve && d.HourZero:
		h %= 12
	case d.Twelve:
		h = (h+11)%12 + 1
	case d.HourZero && h == 0:
		h = 24
	}
	if width == "2-digit" || !d.Twelve {
		return pad(h, 2)
	}
	return strconv.Itoa(h)
}

// LongZone is the name of the zone of a time, as Date.prototype.toString has it.
func LongZone(t time.Time) string { return zoneName(t, "long", t.Location().String()) }

func zoneName(t time.Time, width, id string) string {
	abbreviation, offset := t.Zone()
	if id == "UTC" || abbreviation == "UTC" {
		if width == "long" {
			return "Coordinated Universal Time"
		}
		return "UTC"
	}
	const long = "CET Central European Standard Time,CEST Central European Summer Time,EET Eastern European Standard Time,EEST Eastern European Summer Time," +
		"WET Western European Standard Time,WEST Western European Summer Time,GMT Greenwich Mean Time,BST British Summer Time,MSK Moscow Standard Time," +
		"EST Eastern Standard Time,EDT Eastern Daylight Time,CST Central Standard Time,CDT Central Daylight Time,MST Mountain Standard Time," +
		"MDT Mountain Daylight Time,PST Pacific Standard Time,PDT Pacific Daylight Time,JST Japan Standard Time,KST Korean Standard Time,"
	if width == "long" && abbreviation == "IST" && (id == "Asia/Kolkata" || id == "Asia/Calcutta") {
		return "India Standard Time"
	}
	china := strings.HasPrefix(id, "Asia/") && abbreviation == "CST"
	if i := strings.Index(","+long, ","+abbreviation+" "); i >= 0 && width == "long" && !china {
		name, _, _ := strings.Cut(long[i+len(abbreviation)+1:], ",")
		return name
	}
	if china && width == "long" {
		return "China Standard Time"
	}
	if strings.HasPrefix(id, "America/") && len(abbreviation) == 3 && abbreviation[0] != '-' && abbreviation[0] != '+' && width == "short" {
		return abbreviation
	}
	if offset == 0 {
		return "GMT"
	}
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	if width == "long" {
		return fmt.Sprintf("GMT%s%02d:%02d", sign, offset/3600, offset/60%60)
	}
	if offset%3600 != 0 {
		return fmt.Sprintf("GMT%s%d:%02d", sign, offset/3600, offset/60%60)
	}
	return fmt.Sprintf("GMT%s%d", sign, offset/3600)
}

// Zone finds a time zone by its name or offset.
func Zone(id string) (zone *time.Location, name string, ok bool) {
	upper := strings.ToUpper(id)
	switch upper {
	case "UTC", "GMT", "ETC/UTC", "ETC/GMT":
		return time.UTC, "UTC", true
	}
	if len(id) == 6 && (id[0] == '+' || id[0] == '-') && id[3] == ':' {
		h, err := strconv.Atoi(id[1:3])
		m, err2 := strconv.Atoi(id[4:])
		if err != nil || err2 != nil || h > 23 || m > 59 {
			return nil, "", false
		}
		s := h*3600 + m*60
		if id[0] == '-' {
			s = -s
		}
		return time.FixedZone("", s), id, true
	}
	if strings.ContainsAny(id, ".\\") || strings.HasPrefix(id, "/") || id == "" || upper == "LOCAL" {
		return nil, "", false
	}
	if z, err := time.LoadLocation(id); err == nil {
		return z, id, true
	}
	parts := strings.FieldsFunc(strings.ToLower(id), func(r rune) bool { return r == '/' })
	for i, p := range parts {
		words := strings.Split(p, "_")
		for j, w := range words {
			if w != "" {
				words[j] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		parts[i] = strings.Join(words, "_")
	}
	name = strings.Join(parts, "/")
	z, err := time.LoadLocation(name)
	return z, name, err == nil
}

// LocalZone is the name of the host's time zone.
func LocalZone() string {
	if name := time.Local.String(); name != "Local" {
		return name
	}
	if link, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(link, "zoneinfo/"); ok {
			return name
		}
	}
	return "UTC"
}
