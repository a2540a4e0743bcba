package fs

import (
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/module/buffer"
	"dunlin/jsre/nodeerr"
)

// call is the arguments of one call.
type call struct {
	f    *files
	list []goja.Value
}

func (f *files) call(c goja.FunctionCall) call {
	return call{f, append([]goja.Value{}, c.Arguments...)}
}

// value is argument i, undefined when it was not given.
func (a call) value(i int) goja.Value {
	if i >= 0 && i < len(a.list) {
		return a.list[i]
	}
	return goja.Undefined()
}

// path is argument i as the path that the script gave: a string, a Buffer or a URL of a file.
func (a call) path(i int, name string) string {
	p := ""
	v := a.value(i)
	obj, isObject := v.(*goja.Object)
	b, isBytes := a.f.vm.Bytes(v)
	switch {
	case goja.IsString(v):
		p = v.String()
	case isBytes:
		p = string(b)
	case isObject && a.f.isURL(obj):
		p = a.f.fromURL(obj)
	default:
		nodeerr.ArgType(a.f.vm, name, "of type string or an instance of Buffer or URL", v)
	}
	if strings.Contains(p, "\x00") {
		nodeerr.ArgValue(a.f.vm, name, v, "must be a string, Uint8Array, or URL without null bytes")
	}
	return p
}

func (f *files) isURL(obj *goja.Object) bool {
	href, protocol := obj.Get("href"), obj.Get("protocol")
	return href != nil && protocol != nil && goja.IsString(href) && goja.IsString(protocol)
}

func (f *files) fromURL(obj *goja.Object) string {
	if obj.Get("protocol").String() != "file:" {
		nodeerr.Throw(f.vm, "TypeError", "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file")
	}
	path, err := url.PathUnescape(obj.Get("pathname").String())
	if err != nil {
		nodeerr.Throw(f.vm, "URIError", "ERR_INVALID_URI", "URI malformed")
	}
	return path
}

// reach is a path of the script as the system gets it, with what access grants checked. A final link
// itself is meant where follow is false.
func (f *files) reach(p string, write, follow bool) string {
	if p == "" {
		return "" // which no file has
	}
	access := f.vm.Options().Access
	abs := p
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(f.vm.Options().Dir, p)
	}
	if access.Read == nil && access.Write == nil {
		return abs
	}
	if follow {
		abs = f.vm.ResolvePath(abs)
	} else {
		abs = filepath.Clean(abs)
		abs = filepath.Join(f.vm.ResolvePath(filepath.Dir(abs)), filepath.Base(abs))
	}
	if write {
		f.vm.CheckWrite(abs)
	} else {
		f.vm.CheckRead(abs)
	}
	return abs
}

// options is argument i as an object; a string is the encoding. It is nil when there is none.
func (a call) options(i int) *goja.Object {
	v := a.value(i)
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	if goja.IsString(v) {
		return a.f.vm.NewObject("encoding", v)
	}
	obj, ok := v.(*goja.Object)
	if _, function := goja.AssertFunction(v); !ok || function {
		nodeerr.ArgType(a.f.vm, "options", "one of type string or object", v)
	}
	return obj
}

// field is a member of options, undefined when either is missing.
func (f *files) field(options *goja.Object, name string) goja.Value {
	if options == nil {
		return goja.Undefined()
	}
	return f.vm.Field(options, name)
}

// flag is a member of options that is true or false.
func (f *files) flag(options *goja.Object, name string) bool {
	v := f.field(options, name)
	if goja.IsUndefined(v) {
		return false
	}
	if f.vm.TypeName(v) != "boolean" {
		nodeerr.ArgType(f.vm, "options."+name, "of type boolean", v)
	}
	return v.ToBoolean()
}

// encoding is the encoding that options name, nil for none.
func (f *files) encoding(options *goja.Object) goja.Value {
	v := f.field(options, "encoding")
	if !v.ToBoolean() || v.String() == "buffer" {
		return nil
	}
	if !buffer.IsEncoding(v) {
		nodeerr.ArgValue(f.vm, "encoding", v, "is invalid encoding")
	}
	return v
}

// mode is a file's permissions: a number or octal digits.
func (f *files) mode(v goja.Value, name string, missing os.FileMode) os.FileMode {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return missing
	}
	if goja.IsString(v) {
		n, err := strconv.ParseUint(v.String(), 8, 64)
		if err != nil {
			nodeerr.ArgValue(f.vm, name, v, "must be a 32-bit unsigned integer or an octal string")
		}
		v = f.rt.ToValue(n)
	}
	return fileMode(uint32(nodeerr.Integer(f.vm, name, v, 0, math.MaxUint32)))
}

// fileMode turns the bits of a system's mode into those of Go.
func fileMode(bits uint32) os.FileMode {
	mode := os.FileMode(bits & 0o777)
	for bit, special := range map[uint32]os.FileMode{0o4000: os.ModeSetuid, 0o2000: os.ModeSetgid, 0o1000: os.ModeSticky} {
		if bits&bit != 0 {
			mode |= special
		}
	}
	return mode
}

// openFlags are how a file is opened: a number or letters.
func (f *files) openFlags(v goja.Value, missing int) int {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return missing
	}
	if goja.IsNumber(v) {
		return int(nodeerr.Integer(f.vm, "flags", v, math.MinInt32, math.MaxInt32))
	}
	letters := v.String()
	plain := strings.Map(func(r rune) rune {
		if r == 's' || r == 'x' {
			return -1
		}
		return r
	}, letters)
	extra := 0
	switch letters {
	case "rs", "sr", "rs+", "sr+", "as", "sa", "as+", "sa+":
		extra = os.O_SYNC
	case "wx", "xw", "wx+", "xw+", "ax", "xa", "ax+", "xa+":
		extra = os.O_EXCL
	case plain:
	default:
		nodeerr.ArgValue(f.vm, "flags", v, "")
	}
	return f.plainFlags(v, plain) | extra
}

// plainFlags are those of letters without x and s.
func (f *files) plainFlags(v goja.Value, letters string) int {
	switch letters {
	case "r":
		return os.O_RDONLY
	case "r+":
		return os.O_RDWR
	case "w":
		return os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	case "w+":
		return os.O_RDWR | os.O_CREATE | os.O_TRUNC
	case "a":
		return os.O_WRONLY | os.O_CREATE | os.O_APPEND
	case "a+":
		return os.O_RDWR | os.O_CREATE | os.O_APPEND
	}
	nodeerr.ArgValue(f.vm, "flags", v, "")
	return 0
}

// writes reports whether flags open for anything but reading.
func writes(flags int) bool {
	return flags&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0
}

// data is argument i, what is written: text in the encoding, or bytes.
func (a call) data(i int, name string, encoding goja.Value) []byte {
	v := a.value(i)
	if s, ok := v.(goja.String); ok {
		if encoding == nil {
			encoding = goja.Undefined()
		}
		return buffer.Encode(a.f.vm, s, encoding)
	}
	b, ok := a.f.vm.Bytes(v)
	if !ok || a.f.vm.IsArrayBuffer(v) {
		nodeerr.ArgType(a.f.vm, name, "of type string or an instance of Buffer, TypedArray, or DataView", v)
	}
	return b
}

// decode is bytes as a Buffer, or as text in the encoding.
func (f *files) decode(b []byte, encoding goja.Value) goja.Value {
	if encoding == nil {
		return f.vm.NewBuffer(b)
	}
	return buffer.Decode(f.vm, b, encoding)
}

// time is argument i: seconds since 1970, or a Date.
func (a call) time(i int) time.Time {
	v := a.value(i)
	if obj, ok := v.(*goja.Object); ok && obj.ClassName() == "Date" {
		if t, ok := obj.Export().(time.Time); ok {
			return t
		}
	}
	seconds := math.NaN()
	if goja.IsNumber(v) {
		seconds = v.ToFloat()
	} else if goja.IsString(v) {
		if n, err := strconv.ParseFloat(v.String(), 64); err == nil {
			seconds = n
		}
	}
	if math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
		nodeerr.ArgType(a.f.vm, "time", "an instance of Date or an Time in seconds", v)
	}
	return time.UnixMicro(int64(seconds * 1e6))
}
