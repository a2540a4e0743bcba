package engine

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// jsonParser reads JSON text that is ASCII in bytes, or UTF-16. Errors have the words of V8.
type jsonParser[E uint8 | uint16] struct {
	vm    *VM
	text  []E
	at    int
	depth int
	names map[string]unistring.String // names of properties seen, which repeat in arrays of objects
	held  []jsonField                 // fields of the objects that are open
}

type jsonField struct {
	name  unistring.String
	value goja.Value
}

func parseJSON[E uint8 | uint16](vm *VM, text []E) goja.Value {
	p := &jsonParser[E]{vm: vm, text: text}
	v := p.value()
	p.space()
	if p.at < len(p.text) {
		p.fail("Unexpected non-whitespace character after JSON")
	}
	return v
}

func (p *jsonParser[E]) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the next character that is no white space, 0 at the end.
func (p *jsonParser[E]) peek() E {
	p.space()
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *jsonParser[E]) value() goja.Value {
	switch c := p.peek(); {
	case c == '"':
		p.at++
		return p.string()
	case c == '{':
		return p.nested(p.object)
	case c == '[':
		return p.nested(p.array)
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return p.word("true", p.vm.rt.ToValue(true))
	case c == 'f':
		return p.word("false", p.vm.rt.ToValue(false))
	case c == 'n':
		return p.word("null", goja.Null())
	}
	p.unexpected()
	return nil
}

func (p *jsonParser[E]) nested(read func() goja.Value) goja.Value {
	if p.depth++; p.depth > maxJSONDepth {
		panic(p.vm.NewError("SyntaxError", "ERR_JSON_DEPTH", "JSON.parse: the text nests deeper than 10000 levels"))
	}
	p.at++
	v := read()
	p.depth--
	return v
}

func (p *jsonParser[E]) word(w string, v goja.Value) goja.Value {
	for i := range len(w) {
		if p.at >= len(p.text) || p.text[p.at] != E(w[i]) {
			p.unexpected()
		}
		p.at++
	}
	return v
}

func (p *jsonParser[E]) array() goja.Value {
	if p.peek() == ']' {
		p.at++
		return p.vm.rt.NewArray()
	}
	var list []any
	for {
		list = append(list, p.value())
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return p.vm.rt.NewArray(list...)
		default:
			p.fail("Expected ',' or ']' after array element in JSON")
		}
	}
}

func (p *jsonParser[E]) object() goja.Value {
	if p.peek() == '}' {
		p.at++
		return p.vm.rt.NewObject()
	}
	from := len(p.held)
	wrong := "Expected property name or '}' in JSON"
	for {
		if p.peek() != '"' {
			p.fail(wrong)
		}
		wrong = "Expected double-quoted property name in JSON"
		p.at++
		name := p.name()
		if p.peek() != ':' {
			p.fail("Expected ':' after property name in JSON")
		}
		p.at++
		v := p.value()
		p.held = append(p.held, jsonField{name, v})
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			v := p.vm.newPlain(p.held[from:])
			p.held = p.held[:from]
			return v
		default:
			p.fail("Expected ',' or '}' after property value in JSON")
		}
	}
}

// newPlain makes an object of fields; of those of one name the last counts.
func (vm *VM) newPlain(fields []jsonField) goja.Value {
	model := (*object)(unsafe.Pointer(vm.objectModel))
	o := &parsedObject{}
	o.outer = object{anyInterface{model.self.kind, unsafe.Pointer(&o.inner)}, model.runtime}
	inner := (*baseObject)(model.self.data)
	o.inner.class, o.inner.prototype, o.inner.extensible = inner.class, inner.prototype, true
	o.inner.val = o.outer.value()
	o.inner.values = make(properties, len(fields))
	o.inner.propNames = make([]unistring.String, 0, len(fields))
	for i := range fields {
		f := &fields[i]
		before := len(o.inner.values)
		o.inner.values[f.name] = f.value
		if len(o.inner.values) > before {
			o.inner.propNames = append(o.inner.propNames, f.name)
		}
	}
	return o.outer.value()
}

func (p *jsonParser[E]) number() goja.Value {
	from := p.at
	if p.text[p.at] == '-' {
		p.at++
		if !p.digit() {
			p.fail("No number after minus sign in JSON")
		}
	}
	whole := p.at
	p.digits()
	if p.text[whole] == '0' && p.at > whole+1 {
		p.at = whole + 1
		p.fail("Unexpected number in JSON")
	}
	float := false
	if p.at < len(p.text) && p.text[p.at] == '.' {
		float = true
		p.at++
		if !p.digit() {
			p.fail("Unterminated fractional number in JSON")
		}
		p.digits()
	}
	if p.at < len(p.text) && p.text[p.at]|0x20 == 'e' {
		float = true
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '+' || p.text[p.at] == '-') {
			p.at++
		}
		if !p.digit() {
			p.fail("Exponent part is missing a number in JSON")
		}
		p.digits()
	}
	return p.numberValue(from, whole, float)
}

func (p *jsonParser[E]) numberValue(from, whole int, float bool) goja.Value {
	if !float && p.at-whole <= 15 {
		n := int64(0)
		for _, c := range p.text[whole:p.at] {
			n = n*10 + int64(c-'0')
		}
		if whole > from {
			n = -n
		}
		if n != 0 || whole == from {
			return p.vm.rt.ToValue(n)
		}
	}
	f, _ := strconv.ParseFloat(p.ascii(from, p.at), 64) // out of range gives an infinity, as in JavaScript
	if f == 0 && whole > from {
		f = math.Copysign(0, -1)
	}
	return p.vm.rt.ToValue(f)
}

func (p *jsonParser[E]) digit() bool {
	return p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9'
}

func (p *jsonParser[E]) digits() {
	for p.digit() {
		p.at++
	}
}

// fail throws: what is wrong, and where.
func (p *jsonParser[E]) fail(what string) {
	panic(p.vm.NewError("SyntaxError", "", fmt.Sprintf("%s at position %d", what, p.at)))
}

// unexpected throws for a character that begins no value; it is shown with what is around it.
func (p *jsonParser[E]) unexpected() {
	const around = 10
	if p.at >= len(p.text) {
		panic(p.vm.NewError("SyntaxError", "", "Unexpected end of JSON input"))
	}
	all := p.decode(0, min(len(p.text), 32))
	if all == "undefined" || all == "NaN" || all == "Infinity" || all == "[object Object]" {
		panic(p.vm.NewError("SyntaxError", "", `"`+all+`" is not valid JSON`))
	}
	from, to := 0, len(p.text)
	head, tail := "", ""
	if len(p.text) > 2*around {
		if p.at >= around {
			from, head = p.at-around, "..."
		}
		if p.at < len(p.text)-around {
			to, tail = p.at+around, "..."
		}
	}
	if from == 0 {
		head = ""
	}
	panic(p.vm.NewError("SyntaxError", "", fmt.Sprintf(`Unexpected token '%s', %s"%s"%s is not valid JSON`, p.decode(p.at, p.at+1), head, p.decode(from, to), tail)))
}

func (p *jsonParser[E]) decode(from, to int) string {
	units := make([]uint16, to-from)
	for i, c := range p.text[from:to] {
		units[i] = uint16(c)
	}
	return string(utf16.Decode(units))
}
