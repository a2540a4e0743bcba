package engine

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// chain is what a text ends with that may be completed: names with dots between.
var chain = pattern(`(?:^|[^\w$.)\]'"` + "`" + `])((?:[A-Za-z_$][\w$]*\??\.)*)([A-Za-z_$][\w$]*)?$`)

// completeTime is how long a completion waits for a script that is busy.
const completeTime = 300 * time.Millisecond

// Complete gives the names that may stand at the end of a text, sorted, and the beginning of them that is
// there. Getters are not called, and proxies not asked: what comes behind them is not known.
func (s *Session) Complete(text string) (names []string, begun string) {
	m := chain().FindStringSubmatch(text)
	if m == nil {
		return nil, ""
	}
	path, begun := strings.ReplaceAll(m[1], "?.", "."), m[2]
	found := make(chan []string, 1)
	s.vm.loop.Post(func() { found <- s.members(path, begun) })
	select {
	case names = <-found:
	case <-time.After(completeTime):
	case <-s.vm.ctx.Done():
	}
	return names, begun
}

// keywords are completed where a name may stand alone.
var keywords = []string{
	"async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "else", "export", "extends",
	"false", "finally", "for", "function", "import", "instanceof", "let", "new", "null", "return", "super", "switch", "this", "throw", "true",
	"typeof", "var", "void", "while", "yield",
}

func (s *Session) members(path, begun string) []string {
	names := map[string]bool{}
	if path == "" {
		for _, word := range keywords {
			names[word] = true
		}
	}
	for o := s.follow(path); o != nil && !isProxy(o); o = o.Prototype() {
		for _, name := range o.GetOwnPropertyNames() {
			names[name] = true
		}
	}
	var out []string
	for name := range names {
		if strings.HasPrefix(name, begun) && identifier().MatchString(name) && (begun != "" || !strings.HasPrefix(name, "__")) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// follow gives what a path of names leads to from the global object; nil: it is not known.
func (s *Session) follow(path string) *goja.Object {
	at := s.vm.rt.GlobalObject()
	for name := range strings.SplitSeq(strings.TrimSuffix(path, "."), ".") {
		if name == "" {
			break
		}
		v := s.peek(at, name)
		if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
			return nil
		}
		at = v.ToObject(s.vm.rt)
	}
	return at
}

// peek gives the value of a property, without calling a getter of the script; nil: it is not known.
func (s *Session) peek(o *goja.Object, name string) goja.Value {
	global := s.vm.rt.GlobalObject()
	for at := o; at != nil && !isProxy(at); at = at.Prototype() {
		if !slices.Contains(at.GetOwnPropertyNames(), name) {
			continue
		}
		get := s.ownGetter(at, name)
		if get == nil || at == global && s.lazy[name] != nil && s.lazy[name].SameAs(get) {
			return at.Get(name)
		}
		return nil
	}
	return nil
}

// ownGetter gives the getter of an object's own property; nil where it has a value.
func (s *Session) ownGetter(o *goja.Object, name string) goja.Value {
	describe, _ := s.vm.ToFunc(s.vm.rt.GlobalObject().Get("Object").ToObject(s.vm.rt).Get("getOwnPropertyDescriptor"))
	if describe == nil {
		return goja.Undefined()
	}
	d, ok := describe.Call(goja.Undefined(), o, s.vm.rt.ToValue(name)).(*goja.Object)
	if !ok || d.Get("value") != nil {
		return nil
	}
	if get := d.Get("get"); get != nil {
		return get
	}
	return nil
}

func isProxy(o *goja.Object) bool { return o.ExportType() == reflect.TypeFor[goja.Proxy]() }
