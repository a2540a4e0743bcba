package crypto

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what scripts ask for by its name, for checksums
	"crypto/sha1" //nolint:gosec // as md5
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/crypto/ripemd160" //nolint:gosec,staticcheck // JSRE names it, and some devices still have it

	"dunlin/jsre/nodeerr"
)

// names are the hashes, by the names that getHashes gives.
const names = "md5 ripemd160 sha1 sha224 sha256 sha3-224 sha3-256 sha3-384 sha3-512 sha384 sha512 sha512-224 sha512-256"

// algorithm makes the hash of a name, nil for one that is not there.
func algorithm(name string) func() hash.Hash {
	name = strings.TrimPrefix(strings.ToLower(name), "rsa-")
	switch name {
	case "md5", "ssl3-md5":
		return md5.New
	case "ripemd160", "ripemd", "rmd160":
		return ripemd160.New
	case "sha1", "sha-1", "ssl3-sha1":
		return sha1.New
	case "sha224", "sha-224", "sha2-224":
		return sha256.New224
	case "sha256", "sha-256", "sha2-256":
		return sha256.New
	case "sha384", "sha-384", "sha2-384":
		return sha512.New384
	case "sha512", "sha-512", "sha2-512":
		return sha512.New
	case "sha512-224", "sha-512/224":
		return sha512.New512_224
	case "sha512-256", "sha-512/256":
		return sha512.New512_256
	case "sha3-224":
		return func() hash.Hash { return sha3.New224() }
	case "sha3-256":
		return func() hash.Hash { return sha3.New256() }
	case "sha3-384":
		return func() hash.Hash { return sha3.New384() }
	case "sha3-512":
		return func() hash.Hash { return sha3.New512() }
	}
	return nil
}

// hashing is the Go side of a Hash or Hmac.
type hashing struct {
	hash hash.Hash
	hmac bool
	done bool
}

func (h *host) hashes() {
	class := func(name string, create func(call) *hashing) *goja.Object {
		class, proto := h.vm.NewClass(name, func(c goja.ConstructorCall) *goja.Object {
			h.vm.SetSlot(c.This, create(call{nil, c.Arguments}))
			return nil
		})
		h.methods(proto)
		_ = h.o.Set(name, class)
		return proto
	}
	h.hashProto = class("Hash", h.newHash)
	h.hmacProto = class("Hmac", h.newHmac)
	h.vm.Method(h.hashProto, "copy", func(c goja.FunctionCall) goja.Value {
		s := h.running(c.This)
		cloner, ok := s.hash.(hash.Cloner)
		if !ok {
			nodeerr.Throw(h.vm, "Error", "ERR_FEATURE_UNAVAILABLE", "This hash cannot be copied")
		}
		again, err := cloner.Clone()
		if err != nil {
			nodeerr.Throw(h.vm, "Error", "ERR_FEATURE_UNAVAILABLE", "This hash cannot be copied: "+err.Error())
		}
		return h.object(h.hashProto, &hashing{hash: again})
	})
	h.export("createHash", func(a call) goja.Value { return h.object(h.hashProto, h.newHash(a)) })
	h.export("createHmac", func(a call) goja.Value { return h.object(h.hmacProto, h.newHmac(a)) })
	h.export("getHashes", func(call) goja.Value {
		var list []any
		for name := range strings.FieldsSeq(names) {
			list = append(list, name)
		}
		return h.rt.NewArray(list...)
	})
	h.export("hash", func(a call) goja.Value {
		s := h.newHash(call{nil, a.list[:min(1, len(a.list))]})
		_, _ = s.hash.Write(h.data("input", a.value(1), goja.Undefined(), byteTypes))
		encoding := a.value(2)
		if goja.IsUndefined(encoding) {
			encoding = h.rt.ToValue("hex")
		}
		return h.result(s.hash.Sum(nil), encoding)
	})
}

func (h *host) object(proto *goja.Object, s *hashing) *goja.Object {
	obj := h.rt.CreateObject(proto)
	h.vm.SetSlot(obj, s)
	return obj
}

// newHash is createHash(algorithm[, key]): with a key, which JSRE has, it is an HMAC.
func (h *host) newHash(a call) *hashing {
	create := algorithm(nodeerr.String(h.vm, "algorithm", a.value(0)))
	if create == nil {
		nodeerr.Throw(h.vm, "Error", "", "Digest method not supported")
	}
	if _, bytes := h.vm.Bytes(a.value(1)); bytes || goja.IsString(a.value(1)) {
		return &hashing{hash: hmac.New(create, h.data("hmackey", a.value(1), goja.Undefined(), byteTypes))}
	}
	return &hashing{hash: create()}
}

func (h *host) newHmac(a call) *hashing {
	name := nodeerr.String(h.vm, "hmac", a.value(0))
	key := h.data("key", a.value(1), goja.Undefined(), "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey")
	return &hashing{hash: hmac.New(h.digest(name), key), hmac: true}
}

// digest makes the hash of a name that must be there.
func (h *host) digest(name string) func() hash.Hash {
	create := algorithm(name)
	if create == nil {
		nodeerr.Throw(h.vm, "TypeError", "ERR_CRYPTO_INVALID_DIGEST", "Invalid digest: "+name)
	}
	return create
}

func (h *host) state(v goja.Value) *hashing {
	s, ok := h.vm.Slot(v).(*hashing)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type Hash`)
	}
	return s
}

// running is a hash whose digest was not asked for yet.
func (h *host) running(v goja.Value) *hashing {
	s := h.state(v)
	if s.done {
		nodeerr.Throw(h.vm, "Error", "ERR_CRYPTO_HASH_FINALIZED", "Digest already called")
	}
	return s
}

func (h *host) methods(proto *goja.Object) {
	method := func(name string, f func(call) goja.Value) {
		h.vm.Method(proto, name, func(c goja.FunctionCall) goja.Value { return f(call{c.This, c.Arguments}) })
	}
	method("update", func(a call) goja.Value {
		s := h.running(a.this)
		if h.vm.IsArrayBuffer(a.value(0)) {
			nodeerr.ArgType(h.vm, "data", byteTypes, a.value(0))
		}
		_, _ = s.hash.Write(h.data("data", a.value(0), a.value(1), byteTypes))
		return a.this
	})
	method("digest", func(a call) goja.Value {
		if s := h.state(a.this); s.hmac && s.done { // Node.js gives nothing the second time
			return h.result(nil, a.value(0))
		}
		return h.finish(h.running(a.this), a.value(0))
	})
	method("digestFile", func(a call) goja.Value {
		s := h.running(a.this)
		h.readFile(nodeerr.String(h.vm, "file", a.value(0)), s.hash)
		return h.finish(s, a.value(1))
	})
	method("restart", func(a call) goja.Value {
		s := h.state(a.this)
		s.hash.Reset()
		s.done = false
		return goja.Undefined()
	})
}

func (h *host) finish(s *hashing, encoding goja.Value) goja.Value {
	s.done = true
	return h.result(s.hash.Sum(nil), encoding)
}

// readFile gives the content of a file to a hash.
func (h *host) readFile(path string, to io.Writer) {
	abs := h.vm.ResolvePath(path)
	h.vm.CheckRead(abs)
	var err error
	h.vm.Aside(func() {
		var f *os.File
		if f, err = os.Open(abs); err != nil {
			return
		}
		_, err = io.Copy(to, f)
		_ = f.Close()
	})
	if err != nil {
		nodeerr.Throw(h.vm, "Error", "EIO", "digestFile: "+err.Error())
	}
}
