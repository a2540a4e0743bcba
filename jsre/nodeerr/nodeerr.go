// Package nodeerr throws the errors that Node.js 20 throws for wrong arguments: the same classes,
// codes and texts, for the modules that follow Node.js.
package nodeerr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Throw throws an error of a class with a code. It does not return.
func Throw(vm *engine.VM, class, code, message string) {
	panic(vm.NewError(class, code, message))
}

// ArgType throws ERR_INVALID_ARG_TYPE: expected says what the argument must be, such as "of type
// string" or "an instance of Buffer". It does not return.
func ArgType(vm *engine.VM, name, expected string, v goja.Value) {
	Throw(vm, "TypeError", "ERR_INVALID_ARG_TYPE", "The "+subject(name)+" must be "+expected+". Received "+Received(vm, v))
}

// subject is how a text speaks of an argument or of a property of one.
func subject(name string) string {
	switch {
	case strings.HasSuffix(name, " argument"):
		return name
	case strings.Contains(name, "."):
		return `"` + name + `" property`
	}
	return `"` + name + `" argument`
}

// ArgValue throws ERR_INVALID_ARG_VALUE; an empty reason is "is invalid". It does not return.
func ArgValue(vm *engine.VM, name string, v goja.Value, reason string) {
	kind := "argument"
	if strings.Contains(name, ".") {
		kind = "property"
	}
	if reason == "" {
		reason = "is invalid"
	}
	text := Inspect(vm, v)
	if len(text) > 128 {
		text = text[:128] + "..."
	}
	Throw(vm, "TypeError", "ERR_INVALID_ARG_VALUE", fmt.Sprintf("The %s '%s' %s. Received %s", kind, name, reason, text))
}

// OutOfRange throws ERR_OUT_OF_RANGE: rule says what the value must be, such as ">= 0 && <= 5". It
// does not return.
func OutOfRange(vm *engine.VM, name, rule string, v goja.Value) {
	text := Inspect(vm, v)
	if goja.IsNumber(v) {
		if f := v.ToFloat(); f == math.Trunc(f) && math.Abs(f) > 1<<32 && !math.IsInf(f, 0) {
			text = separated(v.String())
		}
	}
	if goja.IsBigInt(v) {
		if digits := strings.TrimPrefix(v.String(), "-"); len(digits) > 10 || len(digits) == 10 && digits > "4294967296" {
			text = separated(v.String()) + "n"
		}
	}
	Throw(vm, "RangeError", "ERR_OUT_OF_RANGE", fmt.Sprintf(`The value of "%s" is out of range. It must be %s. Received %s`, name, rule, text))
}

// separated puts an underscore between groups of three digits.
func separated(s string) string {
	var out string
	i, start := len(s), 0
	if strings.HasPrefix(s, "-") {
		start = 1
	}
	for ; i >= start+4; i -= 3 {
		out = "_" + s[i-3:i] + out
	}
	return s[:i] + out
}

// Received says what was given in the place of what was wanted.
func Received(vm *engine.VM, v goja.Value) string {
	if !engine.Given(v) {
		if v == nil {
			return "undefined"
		}
		return v.String()
	}
	if obj, ok := v.(*goja.Object); ok {
		return receivedObject(vm, obj)
	}
	text := Inspect(vm, v)
	if units := utf16.Encode([]rune(text)); len(units) > 28 {
		text = string(utf16.Decode(units[:25])) + "..."
	}
	return "type " + vm.TypeName(v) + " (" + text + ")"
}

func receivedObject(vm *engine.VM, obj *goja.Object) string {
	if _, ok := goja.AssertFunction(obj); ok {
		if name := obj.Get("name"); name != nil {
			return "function " + name.String()
		}
		return "function "
	}
	if class, ok := obj.Get("constructor").(*goja.Object); ok {
		if name := class.Get("name"); engine.Given(name) && name.String() != "" {
			return "an instance of " + name.String()
		}
	}
	return Inspect(vm, obj)
}

// Inspect is a value as the texts of errors show it: primitives as source text, objects by their class.
func Inspect(vm *engine.VM, v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsString(v):
		return quote(v.String())
	case goja.IsBigInt(v):
		return v.String() + "n"
	case goja.IsNumber(v):
		if f := v.ToFloat(); f == 0 && math.Signbit(f) {
			return "-0"
		}
		return v.String()
	}
	obj, ok := v.(*goja.Object)
	if !ok {
		if s, ok := v.(*goja.Symbol); ok {
			return "Symbol(" + s.String() + ")"
		}
		return v.String()
	}
	return inspectObject(vm, obj)
}

func inspectObject(vm *engine.VM, obj *goja.Object) string {
	if obj.ClassName() == "Array" {
		return inspectArray(vm, obj)
	}
	if b, ok := vm.Bytes(obj); ok && vm.IsBuffer(obj) {
		return fmt.Sprintf("<Buffer % x>", b[:min(len(b), 50)])
	}
	if obj.Prototype() == nil {
		return "[Object: null prototype] {}"
	}
	if class, ok := obj.Get("constructor").(*goja.Object); ok {
		if name := class.Get("name"); engine.Given(name) && name.String() != "Object" {
			return name.String() + " {}"
		}
	}
	return "{}"
}

func inspectArray(vm *engine.VM, obj *goja.Object) string {
	n := int(min(obj.Get("length").ToInteger(), 20))
	if n == 0 {
		return "[]"
	}
	parts := make([]string, n)
	for i := range parts {
		item := obj.Get(strconv.Itoa(i))
		if inner, ok := item.(*goja.Object); ok {
			parts[i] = "[" + inner.ClassName() + "]"
			continue
		}
		parts[i] = Inspect(vm, item)
	}
	return "[ " + strings.Join(parts, ", ") + " ]"
}

// quote is a string between those quotation marks that it does not hold itself.
func quote(s string) string {
	mark := `'`
	if strings.Contains(s, `'`) {
		switch {
		case !strings.Contains(s, `"`):
			mark = `"`
		case !strings.Contains(s, "`") && !strings.Contains(s, "${"):
			mark = "`"
		}
	}
	var b strings.Builder
	b.WriteString(mark)
	for _, r := range s {
		switch i := strings.IndexRune("\n\t\r\b\f\v", r); {
		case string(r) == mark, r == '\\':
			b.WriteString(`\` + string(r))
		case i >= 0:
			b.WriteString(`\` + "ntrbfv"[i:i+1])
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(mark)
	return b.String()
}
