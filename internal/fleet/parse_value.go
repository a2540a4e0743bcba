package fleet

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/yamlfile"
)

// kinds are the keys of which a value has one: it says of which kind it is.
var kinds = []string{kindConstant, kindCounter, kindDaily, kindSteps, kindTrack, kindWalk}

// parseValue reads what a device measures.
func parseValue(m *yamlfile.Mapping) Value {
	v := Value{Name: m.Text("name", ""), Unit: m.Text("unit", ""), Class: m.Text("class", ""), Decimals: m.Whole("decimals", 1, 0, 9)}
	given := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !m.Has(kind) })
	switch {
	case v.Name == "":
		m.Fault("name", "a value needs a name")
	case len(given) == 0:
		m.Fault("name", "value %q needs one of %s", v.Name, strings.Join(kinds, ", "))
	case len(given) > 1:
		m.Fault(given[1], "value %q is %s; choose one", v.Name, strings.Join(given, " and "))
	}
	if len(given) > 0 {
		v.Kind = given[0]
	}
	if v.Kind == kindConstant {
		v.Words = []string{m.Text(kindConstant, "")}
	} else if inner := m.Mapping(v.Kind); inner != nil {
		parseKind[v.Kind](inner, &v)
		inner.End()
	}
	m.End()
	v.numeric = true
	for _, w := range v.Words {
		_, err := strconv.ParseFloat(w, 64)
		v.numeric = v.numeric && err == nil
	}
	return v
}

// parseKind reads what a value of a kind has.
var parseKind = map[string]func(m *yamlfile.Mapping, v *Value){
	kindDaily: parseDaily, kindWalk: parseWalk, kindSteps: parseSteps, kindCounter: parseCounter, kindTrack: parseTrack,
}

func anyNumber(m *yamlfile.Mapping, key string, otherwise float64) float64 {
	return m.Number(key, otherwise, -mostNumber, mostNumber)
}

func parseDaily(m *yamlfile.Mapping, v *Value) {
	v.Mean, v.Swing = anyNumber(m, "mean", 20), anyNumber(m, "swing", 5)
	v.Noise, v.Spread = anyNumber(m, "noise", 0), anyNumber(m, "spread", 0)
	v.Peak = m.Duration("peak", 15*time.Hour)
}

func parseWalk(m *yamlfile.Mapping, v *Value) {
	v.Start, v.Step, v.Min, v.Max = anyNumber(m, "start", 50), anyNumber(m, "step", 1), anyNumber(m, "min", 0), anyNumber(m, "max", 100)
	if v.Max <= v.Min || v.Start < v.Min || v.Start > v.Max {
		m.Fault("start", "walk: start %v is to be between min %v and max %v", v.Start, v.Min, v.Max)
	}
}

func parseSteps(m *yamlfile.Mapping, v *Value) {
	v.Words, v.Hold = texts(m, "words"), span(m, "hold", 5*time.Minute, time.Millisecond)
	if len(v.Words) == 0 {
		m.Fault("words", "steps needs words")
	}
}

func parseCounter(m *yamlfile.Mapping, v *Value) {
	v.Start, v.Rate = anyNumber(m, "start", 0), m.Rate("rate", 1)
}

func parseTrack(m *yamlfile.Mapping, v *Value) {
	v.Latitude, v.Longitude = m.Number("latitude", 0, -85, 85), m.Number("longitude", 0, -180, 180)
	v.Radius = quantity(m, "radius", 2000, "km", 1000, "m")
	v.Speed = quantity(m, "speed", 10, "km/h", 1/3.6, "m/s")
	if v.Radius <= 0 {
		m.Fault("radius", "track: the radius is above 0")
	}
}

// quantity returns a number that may have a unit behind it: large, which is factor of the others, or small.
func quantity(m *yamlfile.Mapping, key string, otherwise float64, large string, factor float64, small string) float64 { //nolint:revive // argument-limit: two units
	text := m.Text(key, "")
	if text == "" {
		return otherwise
	}
	digits, isLarge := strings.CutSuffix(text, large)
	if !isLarge {
		digits, factor = strings.TrimSuffix(text, small), 1
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !(x >= 0 && x <= mostNumber) {
		m.Fault(key, "%s: %q is not a number such as 3%s or 300%s", key, text, large, small)
		return otherwise
	}
	return x * factor
}
