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
	words := d.Month == "long" || d.Month == "short" || d.Month == "narrow"
	p := d.numeric()
	if words {
		p = d.inWords()
	}
	if d.Weekday != "" {
		p = strings.Replace(d.weekdayPattern(p), "%", p, 1)
	}
	parts = d.fill(p, t, d.Month, d.Year, d.Weekday)
	if d.Era != "" {
		parts = append(parts, Part{"literal", " "}, Part{"era", map[bool]string{true: "AD", false: "BC"}[t.Year() > 0]})
	}
	return parts, words && d.Month == "long" && d.Day != ""
}

// inWords is the pattern of a date whose month is a word.
func (d *Date) inWords() string {
	l := d.Locale
	switch {
	case d.Day != "" && d.Year != "":
		if d.Month == "short" && strings.Contains(l.medium, "L") {
			return l.medium
		}
		return l.full
	case d.Day != "":
		if d.Month == "long" && l.language == "es" {
			return "d de L"
		}
		return l.monthDay
	case d.Year != "":
		if d.Month == "short" && l.language == "es" {
			return "L y"
		}
		return l.monthYear
	}
	return "L"
}

// weekdayPattern is how the weekday joins the rest of a date.
func (d *Date) weekdayPattern(rest string) string {
	l := d.Locale
	switch {
	case rest == "", l.language == "ja" && d.Weekday == "long":
		return "%E"
	case l.language == "en" && !l.twelve && d.Year == "":
		return "E %"
	}
	return l.weekday
}

// numeric is the pattern of a date in digits, without what is not asked for.
func (d *Date) numeric() string {
	var out strings.Builder
	last := ""
	options := map[byte]string{'y': d.Year, 'M': d.Month, 'd': d.Day}
	for _, token := range tokens(d.Locale.number) {
		option, field := options[token[0]]
		if !field {
			last = token
		}
		if option == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteString(last)
		}
		out.WriteString(token[:1])
		if option == "2-digit" || len(token) == 2 && d.keepsWidth() {
			out.WriteString(token[:1])
		}
	}
	return out.String()
}

// keepsWidth reports whether a field has two digits where the pattern of the language has two: in a whole date,
// and in a month with one of the others.
func (d *Date) keepsWidth() bool { return d.Month != "" && (d.Year != "" || d.Day != "") }

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
			out = append(out, Part{"year", d.year(t, token == "yy" || year == "2-digit")})
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

func (d *Date) year(t time.Time, short bool) string {
	y := t.Year()
	if y <= 0 && d.Era != "" {
		y = 1 - y
	}
	if short {
		return pad((y%100+100)%100, 2)
	}
	return strconv.Itoa(y)
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
	add := func(kind, glue, text string) {
		if len(out) > 0 {
			out = append(out, Part{"literal", glue})
		}
		out = append(out, Part{kind, text})
	}
	width := map[bool]int{false: 1, true: 2}
	if hour != "" {
		add("hour", ":", d.hour(t, hour))
	}
	if minute != "" {
		add("minute", ":", pad(t.Minute(), width[hour != "" || second != ""]))
	}
	if second != "" {
		add("second", ":", pad(t.Second(), width[minute != ""]))
	}
	if d.Fraction > 0 {
		add("fractionalSecond", d.Locale.decimal, fmt.Sprintf("%03d", t.Nanosecond()/1e6)[:d.Fraction])
	}
	if hour != "" && d.Twelve {
		add("dayPeriod", "\u202f", map[bool]string{false: d.Locale.am, true: d.Locale.pm}[t.Hour() >= 12])
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

// longZones are the names of zones by their abbreviations.
const longZones = ",CET Central European Standard Time,CEST Central European Summer Time,EET Eastern European Standard Time,EEST Eastern European Summer Time," +
	"WET Western European Standard Time,WEST Western European Summer Time,GMT Greenwich Mean Time,BST British Summer Time,MSK Moscow Standard Time," +
	"EST Eastern Standard Time,EDT Eastern Daylight Time,CST Central Standard Time,CDT Central Daylight Time,MST Mountain Standard Time," +
	"MDT Mountain Daylight Time,PST Pacific Standard Time,PDT Pacific Daylight Time,JST Japan Standard Time,KST Korean Standard Time,"

func zoneName(t time.Time, width, id string) string {
	abbreviation, offset := t.Zone()
	long := width == "long"
	if name := longZone(abbreviation, id); long && name != "" {
		return name
	}
	switch {
	case id == "UTC" || abbreviation == "UTC":
		return "UTC"
	case width == "short" && strings.HasPrefix(id, "America/") && len(abbreviation) == 3 && !strings.ContainsAny(abbreviation[:1], "+-"):
		return abbreviation
	case offset == 0:
		return "GMT"
	}
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	hours, minutes := offset/3600, offset/60%60
	switch {
	case long:
		return fmt.Sprintf("GMT%s%02d:%02d", sign, hours, minutes)
	case offset%3600 != 0:
		return fmt.Sprintf("GMT%s%d:%02d", sign, hours, minutes)
	}
	return fmt.Sprintf("GMT%s%d", sign, hours)
}

// longZone is the name of a zone in words, empty when it is not known.
func longZone(abbreviation, id string) string {
	switch {
	case id == "UTC" || abbreviation == "UTC":
		return "Coordinated Universal Time"
	case abbreviation == "IST" && (id == "Asia/Kolkata" || id == "Asia/Calcutta"):
		return "India Standard Time"
	case abbreviation == "CST" && strings.HasPrefix(id, "Asia/"):
		return "China Standard Time"
	}
	_, rest, _ := strings.Cut(longZones, ","+abbreviation+" ")
	name, _, _ := strings.Cut(rest, ",")
	return name
}

// Zone finds a time zone by its name or offset.
func Zone(id string) (zone *time.Location, name string, ok bool) {
	upper := strings.ToUpper(id)
	switch upper {
	case "UTC", "GMT", "ETC/UTC", "ETC/GMT":
		return time.UTC, "UTC", true
	}
	if len(id) == 6 && (id[0] == '+' || id[0] == '-') && id[3] == ':' {
		zone, ok := offsetZone(id)
		return zone, id, ok
	}
	if strings.ContainsAny(id, ".\\") || strings.Contains("/"+id, "//") || id == "" || upper == "LOCAL" {
		return nil, "", false
	}
	if z, err := time.LoadLocation(id); err == nil {
		return z, id, true
	}
	name = usualCase(id)
	z, err := time.LoadLocation(name)
	return z, name, err == nil
}

// offsetZone is the zone of an offset such as +01:30.
func offsetZone(id string) (*time.Location, bool) {
	h, err := strconv.Atoi(id[1:3])
	m, err2 := strconv.Atoi(id[4:])
	if err != nil || err2 != nil || h > 23 || m > 59 {
		return nil, false
	}
	s := h*3600 + m*60
	if id[0] == '-' {
		s = -s
	}
	return time.FixedZone("", s), true
}

// usualCase writes the name of a zone as it is usual: each word with a capital.
func usualCase(id string) string {
	name := []byte(strings.ToLower(strings.Trim(id, "/")))
	for i := range name {
		if (i == 0 || name[i-1] == '/' || name[i-1] == '_') && name[i] >= 'a' && name[i] <= 'z' {
			name[i] -= 'a' - 'A'
		}
	}
	return string(name)
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
