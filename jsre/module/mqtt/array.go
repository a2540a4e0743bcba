package mqtt

import (
	"iter"
	"strconv"

	"github.com/dop251/goja"
)

// isArray tells whether v is an array of the script.
func isArray(v goja.Value) bool {
	list, ok := v.(*goja.Object)
	return ok && list.ClassName() == "Array"
}

// elements returns the elements of an array with their indexes as text. Its length
// is not to be trusted: a script can set it to 2^32-1, whatever the array holds.
func elements(v goja.Value) iter.Seq2[string, goja.Value] {
	return func(yield func(string, goja.Value) bool) {
		list, _ := v.(*goja.Object) // as isArray has found
		for i := range list.Get("length").ToInteger() {
			at := strconv.FormatInt(i, 10)
			if !yield(at, list.Get(at)) {
				return
			}
		}
	}
}
