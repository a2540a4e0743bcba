package engine

import (
	"strings"

	"github.com/dop251/goja"
)

// maxJSONDepth is how deep JSON text may nest. goja's parser recurses, and a Go stack that outgrows
// its limit ends the process: without this, one payload of brackets from the network would.
const maxJSONDepth = 10000

// guardJSON puts a check of the depth in front of JSON.parse.
func (vm *VM) guardJSON() {
	object := vm.rt.GlobalObject().Get("JSON").ToObject(vm.rt)
	parse, _ := vm.ToFunc(object.Get("parse"))
	guarded := vm.NewFunction("parse", func(c goja.FunctionCall) goja.Value {
		// The text is made once: turning an object into one may run code, which could answer
		// differently.
		text := c.Argument(0).ToString()
		if tooDeep(text.String()) {
			panic(vm.NewError("SyntaxError", "ERR_JSON_DEPTH", "JSON.parse: the text nests deeper than 10000 levels"))
		}
		return parse.Call(c.This, text, c.Argument(1))
	})
	_ = guarded.DefineDataProperty("length", vm.rt.ToValue(2), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	vm.define(object, "parse", guarded, goja.FLAG_FALSE)
	vm.parseJSON, _ = vm.ToFunc(guarded)
}

// tooDeep reports whether a text opens more brackets inside each other than JSON.parse takes. Text
// that is not JSON may be misjudged; it is refused in any case.
func tooDeep(text string) bool {
	if strings.Count(text, "[")+strings.Count(text, "{") <= maxJSONDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxJSONDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}
