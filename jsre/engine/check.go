package engine

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/resolve"
)

// checker walks the files of a script without running them.
type checker struct {
	r        *registry
	seen     map[string]bool
	files    []string
	problems []error
}

// CheckFile parses the script at path and all files that it imports or requires by a constant name, and
// gives what is wrong with them. Nothing of them runs. It must be called by the main function of
// [VM.Run].
func (vm *VM) CheckFile(path string) (files []string, problems []error) {
	c := &checker{r: vm.modules, seen: map[string]bool{}}
	abs := vm.absolute(path)
	if _, err := os.Stat(abs); err != nil {
		return nil, []error{&LoadError{Path: path, Err: reason(err)}}
	}
	if to, err := filepath.EvalSymlinks(abs); err == nil {
		abs = to
	}
	type file struct{ abs, name string }
	queue := []file{{abs, path}}
	c.seen[abs] = true
	for len(queue) > 0 {
		vm.CheckStop()
		next := queue[0]
		queue = queue[1:]
		for _, abs := range c.file(next.abs, next.name) {
			if !c.seen[abs] {
				c.seen[abs] = true
				queue = append(queue, file{abs, vm.display(abs, next.abs, next.name)})
			}
		}
	}
	if len(c.problems) == 0 {
		c.link(abs, path)
	}
	return c.files, c.problems
}

func (c *checker) wrong(err error) { c.problems = append(c.problems, err) }

// file checks one file and gives the files that it names.
func (c *checker) file(abs, name string) []string {
	vm := c.r.vm
	c.files = append(c.files, abs)
	text, err := c.r.read(abs, name)
	if err != nil {
		c.wrong(err)
		return nil
	}
	if isJSON(abs) {
		text = strings.TrimPrefix(text, "\ufeff")
		if ex := vm.rt.Try(func() { vm.parseJSON.Call(goja.Undefined(), vm.rt.ToValue(text)) }); ex != nil {
			c.wrong(&LoadError{Path: name, Err: ex})
		}
		return nil
	}
	u, err := vm.compile(abs, name, text)
	if err != nil {
		c.wrong(err)
		return nil
	}
	low := u.lowered
	if low == nil && vm.opts.Lower != nil { // for the names that it requires
		low, _ = vm.opts.Lower(Script{Path: abs, Text: vm.sources[name], Kind: KindCommonJS})
	}
	if low == nil {
		return nil
	}
	return c.names(u, low)
}

// names finds what a file imports and requires.
func (c *checker) names(u *unit, low *Lowered) []string {
	var out []string
	find := func(id, how string, conditions []string) {
		if c.r.isNative(id) {
			return
		}
		path, err := c.r.find(id, filepath.Dir(u.abs), conditions)
		switch {
		case err == nil:
			out = append(out, path)
		case how == "required by" && inPackage(u.abs) && !c.unserved(id):
			// Packages try what may be there.
		default:
			c.wrong(c.r.missing(id, u, err, how))
		}
	}
	for _, i := range low.Imports {
		id := i.ID
		if path, ok := filePath(id); ok {
			id = path
		}
		find(id, "imported by", resolve.Import)
	}
	for _, id := range low.Requires {
		find(id, "required by", resolve.Require)
	}
	return out
}

// unserved reports whether a name is that of a module that others have, and scripts here do not.
func (c *checker) unserved(id string) bool {
	missing := c.r.vm.opts.Missing
	return missing != nil && missing(bareName(id)) != ""
}

func inPackage(abs string) bool {
	return strings.Contains(filepath.ToSlash(abs), "/node_modules/")
}

// link checks that ES modules export what others import from them.
func (c *checker) link(abs, name string) {
	u, err := c.r.open(abs, name)
	if err == nil && u.lowered != nil && u.lowered.ES {
		_, err = c.r.link(u)
	}
	if err != nil {
		c.wrong(err)
	}
}
