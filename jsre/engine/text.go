package engine

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// textKinds are the types that goja keeps text in, as the first words of interface values.
type textKinds struct {
	ascii, wide unsafe.Pointer
}

var errText = errors.New("script engine: goja does not keep text as asciiString and unicodeString; pin the goja version this was written for")

func valueWords(v goja.Value) *anyInterface { return (*anyInterface)(unsafe.Pointer(&v)) }

// findTextKinds checks that the two kinds of text are what [VM.Units] takes them for.
func findTextKinds() (k textKinds, err error) {
	var ascii goja.Value = goja.StringFromUTF16([]uint16{'a'})
	var wide goja.Value = goja.StringFromUTF16([]uint16{0x100, 'b'})
	t := reflect.TypeOf(wide)
	if reflect.TypeOf(ascii).Kind() != reflect.String || t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Uint16 {
		return k, errText
	}
	units := *(*[]uint16)(valueWords(wide).data)
	if len(units) != 3 || units[0] != unistring.BOM || units[1] != 0x100 {
		return k, errText
	}
	return textKinds{valueWords(ascii).kind, valueWords(wide).kind}, nil
}

// Units is the text of a string without a copy: as ASCII, or as UTF-16 when wide is not nil. The caller
// must not change it.
func (vm *VM) Units(s goja.String) (ascii string, wide []uint16) {
	var v goja.Value = s
	w := valueWords(v)
	switch w.kind {
	case vm.texts.ascii:
		return *(*string)(w.data), nil
	case vm.texts.wide:
		return "", (*(*[]uint16)(w.data))[1:]
	}
	text := s.String() // a string from the host
	if units := unistring.Scan(text); units != nil {
		return "", units[1:]
	}
	return text, nil
}

// ToText is the conversion of the language to a string, which may run code of the script.
func (vm *VM) ToText(v goja.Value) goja.String {
	if o, ok := v.(*goja.Object); ok {
		v = o.ToString()
	}
	switch v := v.(type) {
	case goja.String:
		return v
	case *goja.Symbol:
		panic(vm.NewError("TypeError", "", "Cannot convert a Symbol value to a string"))
	case nil:
		return vm.ToText(goja.Undefined())
	}
	s, _ := vm.asciiValue(v.String()).(goja.String)
	return s
}
