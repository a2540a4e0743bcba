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
			b.WriteString(in.Inspect(v, o))
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
		format = format[i+2:]
		switch {
		case verb == '%':
			b.WriteByte('%')
		case strings.IndexByte("sdifjoOc", verb) >= 0 && len(args) > 0:
			b.WriteString(in.verb(verb, args[0], o))
			args = args[1:]
		default:
			b.WriteByte('%')
			format = string(verb) + format
			if verb != '%' {
				b.WriteByte(verb)
				format = format[1:]
			}
		}
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
		o.ShowHidden, o.Depth = true, 4
		return in.Inspect(v, o)
	case 'O':
		return in.Inspect(v, o)
	}
	return "" // %c: CSS, which a terminal does not have
}

// text is %s: String(value), except for objects that have no text of their own.
func (in *Inspector) text(v goja.Value, o Options) string {
	obj, ok := v.(*goja.Object)
	if ok && !in.ownText(obj) {
		o.Depth, o.Colors = 0, false
		return in.Inspect(v, o)
	}
	switch {
	case goja.IsBigInt(v):
		return v.String() + "n"
	case goja.IsNumber(v):
		return number(v)
	}
	return in.stringOf.Call(goja.Undefined(), v).String()
}

// ownText reports whether a script gave the object's class a toString.
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
	if _, ok := v.(*goja.Object); ok && verb == 'd' {
		return "NaN"
	}
	f := math.NaN()
	_ = in.rt.Try(func() {
		if verb == 'd' {
			f = v.ToFloat()
		} else {
			f = leadingNumber(v.String())
		}
	})
	if verb == 'i' {
		f = math.Trunc(f)
	}
	return number(in.rt.ToValue(f))
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
		panic(ex)
	}
	return text
}
