// Package path is the module path: names of files with forward slashes, as path.posix of Node.js 20
// has them.
package path

import (
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// Module is require('path').
func Module() engine.Module {
	return engine.Module{Name: "path", Aliases: []string{"path/posix"}, Load: load}
}

type host struct {
	vm *engine.VM
	o  *goja.Object
}

// args are the arguments of a call.
type args struct {
	vm   *engine.VM
	list []goja.Value
}

// value is argument i, undefined when it was not given.
func (a args) value(i int) goja.Value {
	if i < len(a.list) {
		return a.list[i]
	}
	return goja.Undefined()
}

// text is argument i, which must be a string.
func (a args) text(i int, name string) string { return nodeerr.String(a.vm, name, a.value(i)) }

func load(vm *engine.VM) goja.Value {
	h := &host{vm, vm.NewObject("sep", "/", "delimiter", ":")}
	h.export("join", func(a args) any {
		var parts []string
		for i := range a.list {
			if s := a.text(i, "path"); s != "" {
				parts = append(parts, s)
			}
		}
		return normalize(strings.Join(parts, "/"))
	})
	h.export("resolve", func(a args) any { return h.resolve(a) })
	h.export("normalize", func(a args) any { return normalize(a.text(0, "path")) })
	h.export("isAbsolute", func(a args) any { return strings.HasPrefix(a.text(0, "path"), "/") })
	h.export("dirname", func(a args) any { return dirname(a.text(0, "path")) })
	h.export("basename", func(a args) any {
		if !goja.IsUndefined(a.value(1)) {
			return basename(a.text(0, "path"), a.text(1, "suffix"))
		}
		return basename(a.text(0, "path"), "")
	})
	h.export("extname", func(a args) any { return extname(basename(a.text(0, "path"), "")) })
	h.export("relative", func(a args) any {
		from, to := a.text(0, "from"), a.text(1, "to")
		return relative(h.absolute(from), h.absolute(to))
	})
	h.export("parse", func(a args) any { return h.parse(a.text(0, "path")) })
	h.export("format", h.format)
	h.export("toNamespacedPath", func(a args) any { return a.value(0) })
	h.export("cwd", func(args) any { return h.dir() })
	_ = h.o.Set("posix", h.o)
	return h.o
}

func (h *host) export(name string, f func(args) any) {
	h.vm.Export(h.o, name, func(c goja.FunctionCall) goja.Value {
		return h.vm.Runtime().ToValue(f(args{h.vm, c.Arguments}))
	})
}

// dir is where relative paths start.
func (h *host) dir() string { return filepath.ToSlash(h.vm.Options().Dir) }

func (h *host) absolute(p string) string {
	if !strings.HasPrefix(p, "/") {
		p = h.dir() + "/" + p
	}
	return path.Clean(p)
}

// resolve joins paths from the right until one is absolute; that of the script is the last.
func (h *host) resolve(a args) string {
	at := ""
	for i := len(a.list) - 1; i >= -1; i-- {
		p := ""
		if i >= 0 {
			p = a.text(i, "paths["+strconv.Itoa(i)+"]")
		} else {
			p = h.dir()
		}
		if p == "" {
			continue
		}
		at = p + "/" + at
		if strings.HasPrefix(p, "/") {
			break
		}
	}
	return path.Clean(at)
}

// normalize takes '.', '..' and double slashes out, and keeps a slash at the end.
func normalize(s string) string {
	out := path.Clean(s)
	if strings.HasSuffix(s, "/") && out != "/" {
		out += "/"
	}
	return out
}

func dirname(s string) string {
	if s == "" {
		return "."
	}
	end := strings.LastIndexByte(strings.TrimRight(s[1:], "/"), '/') + 1
	switch {
	case end > 0 && !(end == 1 && s[0] == '/'):
		return s[:end]
	case end == 1 && s[0] == '/':
		return "//"
	case s[0] == '/':
		return "/"
	}
	return "."
}

func basename(s, suffix string) string {
	if suffix != "" && suffix == s {
		return ""
	}
	s = strings.TrimRight(s, "/")
	s = s[strings.LastIndexByte(s, '/')+1:]
	if s != suffix {
		s = strings.TrimSuffix(s, suffix)
	}
	return s
}

// extname is what follows the last point of a name, with it; none that only begins with a point.
func extname(base string) string {
	i := strings.LastIndexByte(base, '.')
	if i <= 0 || base == ".." {
		return ""
	}
	return base[i:]
}

// relative is the way from one absolute path to another.
func relative(from, to string) string {
	split := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == '/' }) }
	a, b := split(from), split(to)
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	var out []string
	for range a[same:] {
		out = append(out, "..")
	}
	return strings.Join(append(out, b[same:]...), "/")
}

func (h *host) parse(s string) any {
	root, dir := "", ""
	if strings.HasPrefix(s, "/") {
		root = "/"
	}
	base := basename(s, "")
	if at := strings.TrimRight(s, "/"); strings.Contains(at, "/") {
		if dir = at[:len(at)-len(base)-1]; dir == "" {
			dir = "/"
		}
	} else {
		dir = root
	}
	ext := extname(base)
	return h.vm.NewObject("root", root, "dir", dir, "base", base, "ext", ext, "name", base[:len(base)-len(ext)])
}

func (h *host) format(a args) any {
	o, ok := a.value(0).(*goja.Object)
	if !ok {
		nodeerr.ArgType(h.vm, "pathObject", "of type object", a.value(0))
	}
	field := func(name string) string {
		if v := o.Get(name); v != nil && v.ToBoolean() {
			return v.String()
		}
		return ""
	}
	root, dir, base, ext := field("root"), field("dir"), field("base"), field("ext")
	if base == "" {
		if ext != "" && ext[0] != '.' {
			ext = "." + ext
		}
		base = field("name") + ext
	}
	switch {
	case dir == "":
		return root + base
	case dir == root:
		return dir + base
	}
	return dir + "/" + base
}
