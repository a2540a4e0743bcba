package format

import (
	"strconv"
	"time"
)

// layouts are the letters of strftime that package time has a layout for, in the locale C.
func layout(letter byte) string {
	switch letter {
	case 'a':
		return "Mon"
	case 'A':
		return "Monday"
	case 'b', 'h':
		return "Jan"
	case 'B':
		return "January"
	case 'c':
		return "Mon Jan _2 15:04:05 2006"
	case 'd':
		return "02"
	case 'D', 'x':
		return "01/02/06"
	case 'e':
		return "_2"
	case 'F':
		return "2006-01-02"
	case 'H':
		return "15"
	case 'I':
		return "03"
	case 'j':
		return "002"
	case 'm':
		return "01"
	case 'M':
		return "04"
	case 'p':
		return "PM"
	case 'P':
		return "pm"
	case 'r':
		return "03:04:05 PM"
	case 'R':
		return "15:04"
	case 'S':
		return "05"
	case 'T', 'X':
		return "15:04:05"
	case 'y':
		return "06"
	case 'Y':
		return "2006"
	case 'z':
		return "-0700"
	case 'Z':
		return "MST"
	}
	return ""
}

// appendClock appends what the letter after @ stands for: what glibc's strftime makes of it, and
// N for the nanoseconds. What glibc does not know comes out as it is, behind a %.
func appendClock(dst []byte, letter byte, at time.Time) []byte {
	if l := layout(letter); l != "" {
		return at.AppendFormat(dst, l)
	}
	year, week := at.ISOWeek()
	switch letter {
	case 'C':
		return appendDigits(dst, at.Year()/100, '0', 2)
	case 'g':
		return appendDigits(dst, year%100, '0', 2)
	case 'G':
		return strconv.AppendInt(dst, int64(year), 10)
	case 'k':
		return appendDigits(dst, at.Hour(), ' ', 2)
	case 'l':
		return appendDigits(dst, (at.Hour()+11)%12+1, ' ', 2)
	case 'n':
		return append(dst, '\n')
	case 'N':
		return appendNanoseconds(dst, at)
	case 's':
		return strconv.AppendInt(dst, at.Unix(), 10)
	case 't':
		return append(dst, '\t')
	case 'u':
		return appendDigits(dst, (int(at.Weekday())+6)%7+1, ' ', 1)
	case 'U':
		return appendDigits(dst, (at.YearDay()+6-int(at.Weekday()))/7, '0', 2)
	case 'V':
		return appendDigits(dst, week, '0', 2)
	case 'w':
		return appendDigits(dst, int(at.Weekday()), ' ', 1)
	case 'W':
		return appendDigits(dst, (at.YearDay()+6-(int(at.Weekday())+6)%7)/7, '0', 2)
	case '%':
		return append(dst, '%')
	}
	if letter >= '3' && letter <= '9' { // a width, and nothing to fill it with
		dst = pad(dst, ' ', int(letter-'0')-2)
	}
	return append(dst, '%', letter)
}

func appendNanoseconds(dst []byte, at time.Time) []byte {
	return appendDigits(dst, at.Nanosecond(), '0', 9)
}

func appendDigits(dst []byte, n int, padding byte, width int) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	return append(pad(dst, padding, width-len(text)), text...)
}
