package inspect

import (
	"math"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// Format joins values the way console.log does: %s, %d, %i, %f, %j, %o, %O, %c and %% of a first
// string are replaced, the rest follows, separated by blanks. o is for the values that are
// inspected.
func (in *Inspector) Format(args []goja.Value, o Options) string {
	if len(args) == 0 {
		return ""
	}
	var b strings.Builder
	rest := args
	if goja.IsString(args[0]) {
		rest = args[1:]
		if len(rest) == 0 {
			return args[0].String()
		}
		rest = in.fill(&b, args[0].String(), rest, o)
	}
	for i, v := range rest {
		if i > 0 || len(rest) < len(args) {
			b.WriteByte(' ')
		}
		if goja.IsString(v) {
			b.WriteString(v.String())
		} else {
			b.WriteString(in.MustInspect(v, o))
		}
	}
	return b.String()
}

// fill writes a format with its verbs replaced and gives the arguments that were not used.
func (in *Inspector) fill(b *strings.Builder, format string, args []goja.Value, o Options) []goja.Value {
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 || i+1 >= len(format) {
			b.WriteString(format)
			return args
		}
		b.WriteString(format[:i])
		verb := format[i+1]
		switch {
		case verb == '%':
			b.WriteByte('%')
		case strings.IndexByte("sdifjoOc", verb) >= 0 && len(args) > 0:
			b.WriteString(in.verb(verb, args[0], o))
			args = args[1:]
		default:
			b.WriteString(format[i : i+2])
		}
		format = format[i+2:]
	}
}

func (in *Inspector) verb(verb byte, v goja.Value, o Options) string {
	switch verb {
	case 's':
		return in.text(v, o)
	case 'd', 'i', 'f':
		return in.numeric(verb, v)
	case 'j':
		return in.json(v)
	case 'o':
		o.ShowHidden, o.ShowProxy, o.Depth = true, true, 4
		return in.MustInspect(v, o)
	case 'O':
		return in.MustInspect(v, o)
	}
	return "" // %c: CSS, which a terminal does not have
}

// text is %s: String(value), except for objects that have no text of their own.
func (in *Inspector) text(v goja.Value, o Options) string {
	obj, ok := v.(*goja.Object)
	if ok && !isFunction(obj) && !in.ownText(obj) {
		o.Depth, o.Colors, o.Compact = 0, false, 3
		return in.MustInspect(v, o)
	}
	switch {
	case goja.IsBigInt(v):
		return v.String() + "n"
	case goja.IsNumber(v):
		return number(v)
	}
	return in.stringOf.Call(goja.Undefined(), v).String()
}

// Text is String(value).
func (in *Inspector) Text(v goja.Value) string { return in.stringOf.Call(goja.Undefined(), v).String() }

// ownText reports whether a script gave the object or its class a toString.
func (in *Inspector) ownText(obj *goja.Object) bool {
	f, ok := obj.Get("toString").(*goja.Object)
	return ok && isFunction(f) && !strings.HasSuffix(in.source.Call(f).String(), "[native code] }")
}

func (in *Inspector) numeric(verb byte, v goja.Value) string {
	if _, ok := v.(*goja.Symbol); ok {
		return "NaN"
	}
	if goja.IsBigInt(v) && verb != 'f' {
		return v.String() + "n"
	}
	if _, ok := v.(*goja.Object); ok && verb != 'f' {
		return "NaN"
	}
	var f float64
	switch verb {
	case 'd':
		f = v.ToFloat()
	case 'i':
		f = wholeNumber(v.String())
	default:
		f = leadingNumber(in.stringOf.Call(goja.Undefined(), v).String())
	}
	return number(in.rt.ToValue(f))
}

// wholeNumber is parseInt.
func wholeNumber(s string) float64 {
	s = strings.TrimSpace(s)
	sign := 1.0
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	base := 10.0
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		base, s = 16, s[2:]
	}
	n, digits := 0.0, 0
	for ; digits < len(s); digits++ {
		d, err := strconv.ParseUint(s[digits:digits+1], int(base), 8)
		if err != nil {
			break
		}
		n = n*base + float64(d)
	}
	if digits == 0 {
		return math.NaN()
	}
	return sign * n
}

// leadingNumber is parseFloat.
func leadingNumber(s string) float64 {
	s = strings.TrimSpace(s)
	end := 0
	for i, r := range s {
		if (r < '0' || r > '9') && !strings.ContainsRune("+-.eE", r) {
			break
		}
		end = i + 1
	}
	for ; end > 0; end-- {
		if f, err := strconv.ParseFloat(s[:end], 64); err == nil {
			return f
		}
	}
	return math.NaN()
}

func (in *Inspector) json(v goja.Value) (text string) {
	text = "undefined"
	if ex := in.rt.Try(func() { text = in.asJSON.Call(goja.Undefined(), v).String() }); ex != nil {
		if strings.Contains(ex.Error(), "circular") {
			return "[Circular]"
		}
		panic(ex.Value())
	}
	return text
}
