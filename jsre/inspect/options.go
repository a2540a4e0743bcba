package inspect

import (
	"fmt"
	"math"

	"github.com/dop251/goja"
)

// maxDepth is the most levels that are shown: the text of n levels takes time that grows with the
// cube of n. It stands for Infinity and null.
const maxDepth = 500

// unlimited stands for Infinity and null where things are counted.
const unlimited = 1e9

// compactAll is the value of [Options.Compact] for compact: true.
const compactAll = -1

// Options say how much is shown. Take [Inspector.Defaults] and change it.
type Options struct {
	Depth            int                   // levels of objects inside objects
	Colors           bool                  // terminal colours
	BreakLength      int                   // longest line of an object shown in one line
	Compact          int                   // levels of objects that one line may hold; 0: each property has a line
	MaxArray         int                   // elements shown of an array, set or map
	MaxString        int                   // characters shown of a string
	ShowHidden       bool                  // also properties that are not enumerable
	ShowProxy        bool                  // proxies as such
	CustomInspect    bool                  // ask objects that show themselves
	NumericSeparator bool                  // 1_000
	Getters          string                // which getters are called: "" none, "all", "get": those without a setter, "set": those with one
	Sorted           bool                  // properties in the order of their texts
	Compare          func(a, b string) int // the order, nil: by code units

	compare *goja.Object // Compare, as the script gave it
}

// Defaults are the options of Node.js.
func Defaults() Options {
	return Options{Depth: 2, BreakLength: 80, Compact: 3, MaxArray: 100, MaxString: 10000, CustomInspect: true}
}

// ReadOptions takes the options that a script gave over the given ones.
func (in *Inspector) ReadOptions(from *goja.Object, o Options) Options {
	switch v := in.vm.Field(from, "depth"); {
	case goja.IsNull(v):
		o.Depth = maxDepth
	case goja.IsNumber(v):
		o.Depth = maxDepth
		if f := v.ToFloat(); f < maxDepth {
			o.Depth = max(int(f), -1)
		}
	}
	in.count(from, "breakLength", &o.BreakLength)
	in.count(from, "maxArrayLength", &o.MaxArray)
	in.count(from, "maxStringLength", &o.MaxString)
	switch v := in.vm.Field(from, "compact"); {
	case goja.IsNumber(v):
		in.count(from, "compact", &o.Compact)
	case goja.IsUndefined(v):
	case v.ToBoolean():
		o.Compact = compactAll
	default:
		o.Compact = 0
	}
	for name, to := range map[string]*bool{
		"colors": &o.Colors, "showHidden": &o.ShowHidden, "showProxy": &o.ShowProxy,
		"customInspect": &o.CustomInspect, "numericSeparator": &o.NumericSeparator,
	} {
		if v := in.vm.Field(from, name); !goja.IsUndefined(v) {
			*to = v.ToBoolean()
		}
	}
	switch v := in.vm.Field(from, "getters"); {
	case goja.IsUndefined(v):
	case goja.IsString(v):
		o.Getters = v.String()
	case v.ToBoolean():
		o.Getters = "all"
	default:
		o.Getters = ""
	}
	in.readOrder(from, &o)
	return o
}

// count reads a number that is not negative; null and Infinity mean without limit.
func (in *Inspector) count(from *goja.Object, name string, to *int) {
	switch v := in.vm.Field(from, name); {
	case goja.IsNumber(v) && !math.IsNaN(v.ToFloat()):
		*to = int(max(0, min(v.ToFloat(), unlimited)))
	case goja.IsNull(v):
		*to = unlimited
	}
}

func (in *Inspector) readOrder(from *goja.Object, o *Options) {
	v := in.vm.Field(from, "sorted")
	if goja.IsUndefined(v) {
		return
	}
	o.Sorted, o.Compare, o.compare = v.ToBoolean(), nil, nil
	if f, ok := in.vm.ToFunc(v); ok {
		o.compare, _ = v.(*goja.Object)
		o.Compare = func(a, b string) int {
			return int(f.Call(goja.Undefined(), in.rt.ToValue(a), in.rt.ToValue(b)).ToFloat())
		}
	}
}

// optionsObject is what a method that shows an object its own way is given.
func (in *Inspector) optionsObject(o Options) *goja.Object {
	out := in.vm.NewObject()
	_ = out.Set("stylize", in.vm.NewFunction("stylize", func(c goja.FunctionCall) goja.Value {
		text := in.stringOf.Call(goja.Undefined(), c.Argument(0)).String()
		p := printer{in: in, Options: o}
		return in.rt.ToValue(p.style(text, c.Argument(1).String()))
	}))
	in.writeOptions(out, o)
	return out
}

// writeOptions sets the fields of an object to the options, in the order of Node.js.
func (in *Inspector) writeOptions(out *goja.Object, o Options) {
	limit := func(n, most int) any {
		if n >= most {
			return math.Inf(1)
		}
		return n
	}
	var depth any = goja.Null()
	if o.Depth < maxDepth {
		depth = o.Depth
	}
	var compact any = o.Compact
	switch o.Compact {
	case 0:
		compact = false
	case compactAll:
		compact = true
	}
	var getters any = o.Getters
	switch o.Getters {
	case "":
		getters = false
	case "all":
		getters = true
	}
	var sorted any = o.Sorted
	if o.compare != nil {
		sorted = o.compare
	}
	for _, f := range []struct {
		name  string
		value any
	}{
		{"showHidden", o.ShowHidden},
		{"depth", depth},
		{"colors", o.Colors},
		{"customInspect", o.CustomInspect},
		{"showProxy", o.ShowProxy},
		{"maxArrayLength", limit(o.MaxArray, unlimited)},
		{"maxStringLength", limit(o.MaxString, unlimited)},
		{"breakLength", limit(o.BreakLength, unlimited)},
		{"compact", compact},
		{"sorted", sorted},
		{"getters", getters},
		{"numericSeparator", o.NumericSeparator},
	} {
		_ = out.Set(f.name, f.value)
	}
}

// CallOptions reads the arguments of util.inspect after the value: an object of options, or
// showHidden, depth and colors.
func (in *Inspector) CallOptions(args []goja.Value) Options {
	o := in.defaults
	if len(args) < 2 {
		return o
	}
	if opts, ok := args[1].(*goja.Object); ok {
		return in.ReadOptions(opts, o)
	}
	opts := in.vm.NewObject()
	for i, name := range []string{"showHidden", "depth", "colors"} {
		if i+1 < len(args) && !goja.IsUndefined(args[i+1]) && (i > 0 || args[1].ToBoolean()) {
			_ = opts.Set(name, args[i+1])
		}
	}
	return in.ReadOptions(opts, o)
}

// Function is util.inspect.
func (in *Inspector) Function() *goja.Object {
	if in.function != nil {
		return in.function
	}
	vm := in.vm
	in.function = vm.NewFunction("inspect", func(c goja.FunctionCall) goja.Value {
		return in.rt.ToValue(in.MustInspect(c.Argument(0), in.CallOptions(c.Arguments)))
	})
	_ = in.function.Set("custom", in.custom)
	get := vm.NewFunction("get defaultOptions", func(goja.FunctionCall) goja.Value {
		o := vm.NewObject()
		in.writeOptions(o, in.defaults)
		return o
	})
	set := vm.NewFunction("set defaultOptions", func(c goja.FunctionCall) goja.Value {
		in.defaults = in.ReadOptions(vm.CheckObject("util.inspect.defaultOptions", c.Argument(0)), in.defaults)
		return goja.Undefined()
	})
	if err := in.function.DefineAccessorProperty("defaultOptions", get, set, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
	in.styles, in.colors = vm.NewObject(), vm.NewObject()
	for _, kv := range styleColors {
		_ = in.styles.Set(kv[0], kv[1])
	}
	for _, c := range colorCodes {
		_ = in.colors.Set(c.name, in.rt.NewArray(c.on, c.off))
	}
	_ = in.function.Set("styles", in.styles)
	_ = in.function.Set("colors", in.colors)
	return in.function
}

// styleColors are the colours of kinds of values.
var styleColors = [][2]string{
	{"special", "cyan"},
	{"number", "yellow"},
	{"bigint", "yellow"},
	{"boolean", "yellow"},
	{"undefined", "grey"},
	{"null", "bold"},
	{"string", "green"},
	{"symbol", "green"},
	{"date", "magenta"},
	{"regexp", "red"},
	{"module", "underline"},
}

// colorCode is a terminal's number for the beginning and the end of a style.
type colorCode struct {
	name    string
	on, off int
}

var colorCodes = []colorCode{
	{"reset", 0, 0},
	{"bold", 1, 22},
	{"dim", 2, 22},
	{"italic", 3, 23},
	{"underline", 4, 24},
	{"blink", 5, 25},
	{"inverse", 7, 27},
	{"hidden", 8, 28},
	{"strikethrough", 9, 29},
	{"doubleunderline", 21, 24},
	{"black", 30, 39},
	{"red", 31, 39},
	{"green", 32, 39},
	{"yellow", 33, 39},
	{"blue", 34, 39},
	{"magenta", 35, 39},
	{"cyan", 36, 39},
	{"white", 37, 39},
	{"bgBlack", 40, 49},
	{"bgRed", 41, 49},
	{"bgGreen", 42, 49},
	{"bgYellow", 43, 49},
	{"bgBlue", 44, 49},
	{"bgMagenta", 45, 49},
	{"bgCyan", 46, 49},
	{"bgWhite", 47, 49},
	{"framed", 51, 54},
	{"overlined", 53, 55},
	{"gray", 90, 39},
	{"grey", 90, 39},
	{"redBright", 91, 39},
	{"greenBright", 92, 39},
	{"yellowBright", 93, 39},
	{"blueBright", 94, 39},
	{"magentaBright", 95, 39},
	{"cyanBright", 96, 39},
	{"whiteBright", 97, 39},
	{"bgGray", 100, 49},
	{"bgRedBright", 101, 49},
	{"bgGreenBright", 102, 49},
	{"bgYellowBright", 103, 49},
	{"bgBlueBright", 104, 49},
	{"bgMagentaBright", 105, 49},
	{"bgCyanBright", 106, 49},
	{"bgWhiteBright", 107, 49},
}

// Color is the terminal's numbers for a named style.
func Color(name string) (on, off int, ok bool) {
	for i := range colorCodes {
		if c := &colorCodes[i]; c.name == name {
			return c.on, c.off, true
		}
	}
	return 0, 0, false
}

// style wraps text in the terminal colour of a kind of value.
func (p *printer) style(text, kind string) string {
	if !p.Colors {
		return text
	}
	name := ""
	for _, kv := range styleColors {
		if kv[0] == kind {
			name = kv[1]
		}
	}
	on, off, ok := Color(name)
	if p.in.styles != nil {
		on, off, ok = p.scriptStyle(kind)
	}
	if !ok {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[%dm", on, text, off)
}

// scriptStyle looks a kind of value up in the tables that a script may have changed.
func (p *printer) scriptStyle(kind string) (on, off int, ok bool) {
	name := p.in.vm.Field(p.in.styles, kind)
	if !goja.IsString(name) {
		return 0, 0, false
	}
	pair, ok := p.in.vm.Field(p.in.colors, name.String()).(*goja.Object)
	if !ok {
		return 0, 0, false
	}
	first, second := pair.Get("0"), pair.Get("1")
	if first == nil || second == nil {
		return 0, 0, false
	}
	return int(first.ToInteger()), int(second.ToInteger()), true
}
