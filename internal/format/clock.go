package format

import (
	"strconv"
	"strings"
	"time"
)

// layout returns the layout of package time for a letter of strftime in the locale C, or "".
func layout(letter byte) string {
	const letters = "aAbhBcdDxeFHIjmMpPrRSTXyYzZ"
	layouts := [len(letters)]string{
		"Mon", "Monday", "Jan", "Jan", "January", "Mon Jan _2 15:04:05 2006", "02", "01/02/06", "01/02/06", "_2", "2006-01-02", "15", "03",
		"002", "01", "04", "PM", "pm", "03:04:05 PM", "15:04", "05", "15:04:05", "15:04:05", "06", "2006", "-0700", "MST",
	}
	if i := strings.IndexByte(letters, letter); i >= 0 {
		return layouts[i]
	}
	return ""
}

// appendClock appends what the letter after @ stands for: what glibc's strftime makes of it, and
// N for the nanoseconds. What glibc does not know comes out as it is, behind a %.
func appendClock(dst []byte, letter byte, at time.Time) []byte {
	if l := layout(letter); l != "" {
		return at.AppendFormat(dst, l)
	}
	switch letter {
	case '%', 'n', 't':
		return append(dst, map[byte]byte{'%': '%', 'n': '\n', 't': '\t'}[letter])
	case 'C':
		return appendDigits(dst, at.Year()/100, '0', 2)
	case 'k':
		return appendDigits(dst, at.Hour(), ' ', 2)
	case 'l':
		return appendDigits(dst, (at.Hour()+11)%12+1, ' ', 2)
	case 'N':
		return appendNanoseconds(dst, at)
	case 's':
		return strconv.AppendInt(dst, at.Unix(), 10)
	case 'g', 'G', 'u', 'U', 'V', 'w', 'W':
		return appendWeek(dst, letter, at)
	}
	if letter >= '3' && letter <= '9' { // a width, and nothing to fill it with
		dst = pad(dst, ' ', int(letter-'0')-2)
	}
	return append(dst, '%', letter)
}

// appendWeek appends what has to do with weeks.
func appendWeek(dst []byte, letter byte, at time.Time) []byte {
	year, week := at.ISOWeek()
	sunday, monday := int(at.Weekday()), (int(at.Weekday())+6)%7 // days since then
	switch letter {
	case 'g':
		return appendDigits(dst, year%100, '0', 2)
	case 'G':
		return strconv.AppendInt(dst, int64(year), 10)
	case 'u':
		return appendDigits(dst, monday+1, ' ', 1)
	case 'U':
		return appendDigits(dst, (at.YearDay()+6-sunday)/7, '0', 2)
	case 'V':
		return appendDigits(dst, week, '0', 2)
	case 'w':
		return appendDigits(dst, sunday, ' ', 1)
	}
	return appendDigits(dst, (at.YearDay()+6-monday)/7, '0', 2)
}

func appendNanoseconds(dst []byte, at time.Time) []byte {
	return appendDigits(dst, at.Nanosecond(), '0', 9)
}

func appendDigits(dst []byte, n int, padding byte, width int) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	return append(pad(dst, padding, width-len(text)), text...)
}
