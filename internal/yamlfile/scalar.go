package yamlfile

import (
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// text returns a scalar as it stands in the file.
func (v Value) text() (string, bool) { return v.node.Value, v.node.Kind == yaml.ScalarNode }

// Text returns the value as text; numbers and the like as they are written.
func (v Value) Text() string {
	s, ok := v.text()
	if !ok {
		v.wrong("a text")
	}
	return s
}

// scalar returns what read makes of the key's value, and otherwise if the key is not given or its value is wrong.
func scalar[T any](m *Mapping, key string, otherwise T, kind string, read func(string) (T, bool)) T {
	v, given := m.get(key)
	if !given {
		return otherwise
	}
	if s, ok := v.text(); ok {
		if value, ok := read(strings.TrimSpace(s)); ok {
			return value
		}
	}
	v.wrong(kind)
	return otherwise
}

// Text returns the text of a key.
func (m *Mapping) Text(key, otherwise string) string {
	v, given := m.get(key)
	if !given {
		return otherwise
	}
	return v.Text()
}

// Flag returns whether a key is true.
func (m *Mapping) Flag(key string, otherwise bool) bool {
	return scalar(m, key, otherwise, "true or false", func(s string) (bool, bool) { return s == "true", s == "true" || s == "false" })
}

// Whole returns the number of a key, from least to most.
func (m *Mapping) Whole(key string, otherwise, least, most int) int {
	kind := "a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	return scalar(m, key, otherwise, kind, func(s string) (int, bool) {
		n, err := strconv.Atoi(strings.ReplaceAll(s, "_", ""))
		return n, err == nil && least <= n && n <= most
	})
}

// Seed returns the number of a key that random values are made of.
func (m *Mapping) Seed(key string, otherwise uint64) uint64 {
	return scalar(m, key, otherwise, "a whole number that is not negative", func(s string) (uint64, bool) {
		n, err := strconv.ParseUint(s, 10, 64)
		return n, err == nil
	})
}

// Number returns the number of a key, from least to most.
func (m *Mapping) Number(key string, otherwise, least, most float64) float64 {
	kind := "a number from " + number(least) + " to " + number(most)
	return scalar(m, key, otherwise, kind, func(s string) (float64, bool) {
		n, err := strconv.ParseFloat(s, 64)
		return n, err == nil && least <= n && n <= most
	})
}

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

// Part returns a part of a whole, such as 0.25 or 25%. It is not negative, and not more than most.
func (m *Mapping) Part(key string, otherwise, most float64) float64 {
	kind := "a part such as 0.25 or 25%, from 0 to " + number(most)
	return scalar(m, key, otherwise, kind, func(s string) (float64, bool) {
		digits, percent := strings.CutSuffix(s, "%")
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if percent {
			n /= 100
		}
		return n, err == nil && 0 <= n && n <= most
	})
}

// Duration returns a time such as 1m30s; a number without a unit is in seconds. It is not negative.
func (m *Mapping) Duration(key string, otherwise time.Duration) time.Duration {
	return scalar(m, key, otherwise, "a time such as 500ms, 10s, 1m30s or 2h", ParseDuration)
}

// ParseDuration reads a time such as 1m30s, or a number of seconds.
func ParseDuration(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if seconds, number := strconv.ParseFloat(s, 64); number == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
		if !(seconds >= 0 && seconds <= math.MaxUint32) { // which NaN is not
			return 0, false
		}
	}
	return d, err == nil && d >= 0
}

// Rate returns how often a second: 10, 0.1/s, 6/m, 20/h. It is not negative.
func (m *Mapping) Rate(key string, otherwise float64) float64 {
	return scalar(m, key, otherwise, "a rate such as 10, 0.1/s, 6/m, 20/h or 50k/s", ParseRate)
}

// ParseRate reads a rate such as 10, 0.1/s, 6/m, 20/h or 50k/s, as a number a second.
func ParseRate(s string) (float64, bool) {
	count, unit, given := strings.Cut(s, "/")
	seconds, known := map[string]float64{"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}[strings.TrimSpace(unit)]
	if !given {
		seconds, known = 1, true
	}
	times := 1.0
	if digits, thousand := strings.CutSuffix(strings.TrimSpace(count), "k"); thousand {
		count, times = digits, 1000
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(count), 64)
	return n * times / seconds, known && err == nil && n >= 0 && n*times <= math.MaxInt32
}

// Bytes returns a size such as 100, 10k or 1M, where k is 1,024, of at most so many bytes.
func (m *Mapping) Bytes(key string, otherwise, most int) int {
	kind := "a size such as 100, 10k or 1M, of at most " + strconv.Itoa(most) + " bytes"
	return scalar(m, key, otherwise, kind, func(s string) (int, bool) { return parseBytes(s, most) })
}

// parseBytes reads a size, also with the endings B and iB.
func parseBytes(s string, most int) (int, bool) {
	s = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s), "b"), "i")
	shift := 0
	for unit, bits := range map[string]int{"k": 10, "m": 20} {
		if digits, found := strings.CutSuffix(s, unit); found {
			s, shift = digits, bits
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	return int(n << shift), err == nil && n >= 0 && n<<shift <= int64(most)
}
