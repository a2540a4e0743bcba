package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// isError reports whether an object inherits from Error without being made by it.
func (p *printer) isError(obj *goja.Object) bool {
	if p.in.natives == nil {
		return false
	}
	for o := obj.Prototype(); o != nil; o = o.Prototype() {
		if o == p.in.natives {
			return true
		}
	}
	return false
}

// errorShape shows an error by its stack, followed by its further properties and its cause.
func (p *printer) errorShape(obj *goja.Object, c class) (shape, []goja.Value, lister) {
	name := "Error"
	if v := obj.Get("name"); v != nil && !goja.IsUndefined(v) && !goja.IsNull(v) {
		name = p.in.stringOf.Call(goja.Undefined(), v).String()
	}
	stack := p.stack(obj, name)
	keys := slices.DeleteFunc(p.keys(obj, nil), func(k goja.Value) bool {
		return !p.ShowHidden && goja.IsString(k) && p.said(obj, k.String(), stack)
	})
	for _, k := range []string{"cause", "errors"} {
		if d, ok := p.property(obj, p.in.rt.ToValue(k)); ok && !d.enumerable && !p.ShowHidden {
			keys = append(keys, p.in.rt.ToValue(k))
		}
	}
	text := p.improve(stack, name, c)
	at := behindMessage(obj, text)
	if i := strings.Index(text[at:], "\n    at"); i < 0 {
		text = "[" + text + "]"
	} else if cause, ok := obj.Get("cause").(*goja.Object); ok {
		text = text[:at+i] + "\n" + p.withoutCommon(text[at+i+1:], cause)
	}
	return p.based(indented(text, p.indent), keys)
}

// behindMessage is where the message of an error ends in its text, 0 when it is not in there.
func behindMessage(obj *goja.Object, text string) int {
	m := obj.Get("message")
	if m == nil || !goja.IsString(m) {
		return 0
	}
	if at := strings.Index(text, m.String()); at > 0 {
		return at + len(m.String())
	}
	return 0
}

// stack is the text of error.stack, or name and message where it has none.
func (p *printer) stack(obj *goja.Object, name string) string {
	if v := obj.Get("stack"); v != nil && v.ToBoolean() {
		text := p.in.vm.CleanStack(v.String())
		if !strings.Contains(text, "\n    at ") {
			return text
		}
		return strings.TrimRight(text, "\n")
	}
	message := ""
	if v := obj.Get("message"); v != nil && !goja.IsUndefined(v) {
		message = v.String()
	}
	switch {
	case message == "":
		return name
	case name == "":
		return message
	}
	return name + ": " + message
}

// said reports whether a property of an error stands in its stack already.
func (p *printer) said(obj *goja.Object, name, stack string) bool {
	if name != "name" && name != "message" && name != "stack" {
		return false
	}
	v := obj.Get(name)
	return v == nil || !goja.IsString(v) || name == "stack" || strings.Contains(stack, v.String())
}

// improve puts the class of an error into its headline, where the name does not tell it.
func (p *printer) improve(stack, name string, c class) string {
	head := strings.HasPrefix(stack, name) && (len(stack) == len(name) || stack[len(name)] == ':' || stack[len(name)] == '\n')
	if !c.none && (!strings.HasSuffix(name, "Error") || !head) {
		return stack
	}
	fallback := "Error"
	if first, _, _ := strings.Cut(stack, ":"); c.none && first != "" && !strings.Contains(first, "\n") {
		fallback = first
	}
	prefix := strings.TrimSuffix(c.prefix(fallback, ""), " ")
	switch {
	case name == prefix:
		return stack
	case !strings.Contains(prefix, name):
		return prefix + " [" + name + "]" + stack[len(name):]
	case name == "":
		return prefix + ": " + stack
	}
	return prefix + stack[min(len(name), len(stack)):]
}

// withoutCommon leaves the frames out that an error shares with its cause, where they are many.
func (p *printer) withoutCommon(frames string, cause *goja.Object) string {
	v := cause.Get("stack")
	if v == nil || !goja.IsString(v) {
		return frames
	}
	_, other, ok := strings.Cut(p.in.vm.CleanStack(v.String()), "\n    at")
	if !ok {
		return frames
	}
	mine, theirs := strings.Split(frames, "\n"), strings.Split(strings.TrimRight("    at"+other, "\n"), "\n")
	const fewest = 3
	for i := 0; i < len(mine)-fewest; i++ {
		at := slices.Index(theirs, mine[i])
		if at < 0 {
			continue
		}
		n := 0
		for i+n < len(mine) && at+n < len(theirs) && mine[i+n] == theirs[at+n] {
			n++
		}
		if n > fewest {
			note := p.style(fmt.Sprintf("    ... %d lines matching cause stack trace ...", n-2), "undefined")
			return strings.Join(slices.Replace(mine, i+1, i+n-1, note), "\n")
		}
	}
	return frames
}
