package engine

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// describe fills in message, causes, own fields and, if it is missing, the stack of a thrown value.
// The value may be hostile (a getter that throws): then less is said.
func (vm *VM) describe(e *ScriptError, v goja.Value) {
	e.Message = vm.headline(v)
	obj, ok := v.(*goja.Object)
	if !ok {
		if v != nil {
			e.Value = v.Export()
		}
		return
	}
	if obj.ClassName() != "Error" {
		return
	}
	if frames := vm.errors.frames(obj); frames != nil {
		e.Stack = trimStack(vm.frames(*frames))
	}
	if len(e.Stack) == 0 {
		e.Stack = vm.parseStack(vm.property(obj, "stack"))
	}
	for i, c := 0, vm.property(obj, "cause"); i < 8 && c != nil && !goja.IsUndefined(c); i++ {
		e.Causes = append(e.Causes, vm.headline(c))
		next, ok := c.(*goja.Object)
		if !ok {
			break
		}
		c = vm.property(next, "cause")
	}
	var keys []string
	_ = vm.rt.Try(func() { keys = obj.Keys() })
	for _, k := range keys {
		if p := vm.property(obj, k); p != nil && k != "stack" && k != "message" && !isObject(p) {
			e.Detail += "  " + k + ": " + vm.text(p) + "\n"
		}
	}
}

func isObject(v goja.Value) bool {
	_, ok := v.(*goja.Object)
	return ok
}

// headline is the text of a thrown value.
func (vm *VM) headline(v goja.Value) string {
	if v == nil {
		return "undefined"
	}
	obj, ok := v.(*goja.Object)
	if !ok {
		if goja.IsString(v) {
			return strconv.Quote(v.String())
		}
		return vm.text(v)
	}
	if obj.ClassName() == "Error" {
		return vm.text(v)
	}
	msg := vm.property(obj, "message")
	if msg != nil && goja.IsString(msg) {
		return "object: " + msg.String()
	}
	return vm.text(v)
}

// text is String(v), or a note when that throws.
func (vm *VM) text(v goja.Value) string {
	s := "[a value that cannot be shown]"
	_ = vm.loop.try(func() { s = v.ToString().String() })
	if obj, ok := v.(*goja.Object); ok && s == "[object Object]" {
		_ = vm.loop.try(func() {
			if b, err := obj.MarshalJSON(); err == nil && len(b) <= maxPlain {
				s = string(b)
			}
		})
	}
	if sym, ok := v.(*goja.Symbol); ok {
		return "Symbol(" + sym.String() + ")"
	}
	return s
}

// maxPlain is the longest plain object that an uncaught exception shows, in bytes.
const maxPlain = 1000

// property reads a property; nil when it is missing or its getter throws.
func (vm *VM) property(obj *goja.Object, name string) (v goja.Value) {
	_ = vm.loop.try(func() { v = obj.Get(name) })
	return v
}

// stackLine matches a line of goja's error.stack: "\tat f (file:1:2(34))" or "\tat file:1:2(34)".
var stackLine = regexp.MustCompile(`^\s*at (?:(.*?) \()?(.*?)(?::(\d+):(\d+)(?:\(\d+\))?)?\)?$`)

// parseStack reads error.stack, for errors whose frames are not at hand.
func (vm *VM) parseStack(v goja.Value) []Frame {
	if v == nil || !goja.IsString(v) {
		return nil
	}
	var out []Frame
	for line := range strings.Lines(v.String()) {
		line = strings.TrimRight(line, "\n")
		m := stackLine.FindStringSubmatch(line)
		if m == nil || !strings.HasPrefix(line, "\tat ") {
			continue
		}
		if m[2] == hostFile {
			break
		}
		f := Frame{Func: m[1]}
		if strings.HasPrefix(m[2], leftOut) {
			f.Func = m[2]
		}
		if m[3] != "" {
			f.File = m[2]
			f.Line, _ = strconv.Atoi(m[3])
			f.Column, _ = strconv.Atoi(m[4])
		}
		if f, ok := vm.mapped(f); ok {
			out = append(out, f)
		}
	}
	for len(out) > 0 && out[len(out)-1].File == "" {
		out = out[:len(out)-1]
	}
	return out
}

// CleanStack rewrites a text that holds goja's error.stack the way the engine shows stacks:
// "    at f (file:line:column)", without the engine's own frames. Other text stays as it is.
func (vm *VM) CleanStack(text string) string {
	if !strings.Contains(text, "\tat ") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "\tat ") {
			b.WriteString(line)
		}
	}
	head := strings.TrimRight(b.String(), "\n")
	b.Reset()
	b.WriteString(head)
	for _, f := range vm.parseStack(vm.rt.ToValue(text)) {
		b.WriteString("\n    at " + f.String())
	}
	return b.String()
}
