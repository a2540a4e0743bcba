package buffer

import (
	"encoding/base64"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/module/domexception"
)

// toString is what String(v) is. goja's ToString leaves numbers and the like as they are.
func (h *host) toString(v goja.Value) goja.String {
	if _, ok := v.(*goja.Symbol); ok {
		panic(h.vm.NewError("TypeError", "", "Cannot convert a Symbol value to a string"))
	}
	s, ok := v.ToString().(goja.String)
	if !ok {
		s, _ = h.rt.ToValue(v.String()).(goja.String)
	}
	return s
}

// base64Globals defines atob and btoa.
func (h *host) base64Globals() {
	h.vm.SetGlobal("btoa", h.vm.NewFunction("btoa", func(c goja.FunctionCall) goja.Value {
		h.needArgument(c)
		if b, ok := h.vm.Bytes(c.Argument(0)); ok {
			return h.rt.ToValue(base64.StdEncoding.EncodeToString(b))
		}
		s := h.toString(c.Argument(0))
		for i := range s.Length() {
			if s.CharAt(i) > 0xff {
				panic(domexception.New(h.vm, "Invalid character", "InvalidCharacterError"))
			}
		}
		return h.rt.ToValue(base64.StdEncoding.EncodeToString(encode(s, encLatin1)))
	}))
	h.vm.SetGlobal("atob", h.vm.NewFunction("atob", func(c goja.FunctionCall) goja.Value {
		h.needArgument(c)
		return h.fromUnits(h.forgiving(h.toString(c.Argument(0)).String()), 0xff)
	}))
}

func (h *host) needArgument(c goja.FunctionCall) {
	if len(c.Arguments) == 0 {
		panic(h.vm.NewError("TypeError", "ERR_MISSING_ARGS", `The "input" argument must be specified`))
	}
}

// forgiving decodes base64 as atob does: white space does not count, padding is right or missing.
func (h *host) forgiving(s string) []byte {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\f\r", r) {
			return -1
		}
		return r
	}, s)
	for _, r := range s {
		if r != '=' && r != '+' && r != '/' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			panic(domexception.New(h.vm, "Invalid character", "InvalidCharacterError"))
		}
	}
	if len(s)%4 == 0 {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	}
	if strings.Contains(s, "=") {
		panic(domexception.New(h.vm, "Invalid character", "InvalidCharacterError"))
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		panic(domexception.New(h.vm, "The string to be decoded is not correctly encoded.", "InvalidCharacterError"))
	}
	return b
}
