package engine

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// Warning is what process.emitWarning is given.
type Warning struct {
	Name, Message, Code, Detail string
	Fields                      []any // further properties: name, value, name, value...
}

// EmitWarning writes a warning to stderr and tells the listeners of the event 'warning', soon. Loop goroutine only.
func (vm *VM) EmitWarning(w Warning) {
	err := vm.NewError("Error", w.Code, w.Message)
	_ = err.DefineDataProperty("name", vm.rt.ToValue(w.Name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	if w.Detail != "" {
		_ = err.Set("detail", w.Detail)
	}
	for i := 0; i+1 < len(w.Fields); i += 2 {
		name, _ := w.Fields[i].(string)
		_ = err.Set(name, w.Fields[i+1])
	}
	vm.TellWarning(err, w)
}

// TellWarning is EmitWarning with an error of the script's.
func (vm *VM) TellWarning(err *goja.Object, w Warning) {
	vm.loop.NextTick(func() {
		line := "(dunlin:" + strconv.Itoa(os.Getpid()) + ") "
		if w.Code != "" {
			line += "[" + w.Code + "] "
		}
		line += w.Name + ": " + w.Message + "\n"
		if w.Detail != "" {
			line += strings.TrimSuffix(w.Detail, "\n") + "\n"
		}
		_, _ = io.WriteString(vm.opts.Stderr, printable(line))
		vm.tasks.Emit("warning", err)
	})
}

// printable escapes what a terminal obeys: a warning may name an event that came from elsewhere.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
