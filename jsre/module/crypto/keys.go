package crypto

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"math"

	"github.com/dop251/goja"
	"golang.org/x/crypto/scrypt"

	"dunlin/jsre/nodeerr"
)

// maxKey is the longest key that is made.
const maxKey = 1 << 26

const secretTypes = "of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView"

// keys defines what makes keys of passwords.
func (h *host) keys() {
	h.export("pbkdf2Sync", func(a call) goja.Value { return h.calculate(h.pbkdf2(a), h.buffer) })
	h.export("pbkdf2", func(a call) goja.Value {
		f := nodeerr.Func(h.vm, "callback", a.value(5))
		return h.background(f, h.pbkdf2(a), h.buffer)
	})
	h.export("hkdfSync", func(a call) goja.Value { return h.calculate(h.hkdf(a), h.memory) })
	h.export("hkdf", func(a call) goja.Value {
		f := nodeerr.Func(h.vm, "callback", a.value(5))
		return h.background(f, h.hkdf(a), h.memory)
	})
	h.export("scryptSync", func(a call) goja.Value { return h.calculate(h.scrypt(a), h.buffer) })
	h.export("scrypt", func(a call) goja.Value { // of JSRE without a callback
		f, ok := h.callback(a)
		if !ok {
			return h.calculate(h.scrypt(a), h.buffer)
		}
		a.list = a.list[:len(a.list)-1]
		return h.background(f, h.scrypt(a), h.buffer)
	})
}

func (h *host) calculate(do func() ([]byte, error), as func([]byte) goja.Value) goja.Value {
	var b []byte
	var err error
	h.vm.Aside(func() { b, err = do() })
	if err != nil {
		nodeerr.Throw(h.vm, "Error", "ERR_CRYPTO_OPERATION_FAILED", err.Error())
	}
	return as(b)
}

// secret is a password, salt or the like, as bytes of its own: the script may change what it gave.
func (h *host) secret(name string, v goja.Value) []byte {
	return append([]byte{}, h.data(name, v, goja.Undefined(), secretTypes)...)
}

// keyLength is how long a key is to be.
func (h *host) keyLength(v goja.Value) int {
	n := nodeerr.Integer(h.vm, "keylen", v, 0, math.MaxInt32)
	if n > maxKey {
		nodeerr.Throw(h.vm, "RangeError", "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length")
	}
	return int(n)
}

// pbkdf2 is (password, salt, iterations, keylen, digest).
func (h *host) pbkdf2(a call) func() ([]byte, error) {
	name := nodeerr.String(h.vm, "digest", a.value(4))
	password, salt := h.secret("password", a.value(0)), h.secret("salt", a.value(1))
	iterations := int(nodeerr.Integer(h.vm, "iterations", a.value(2), 1, math.MaxInt32))
	n := h.keyLength(a.value(3))
	create := h.digest(name)
	if n == 0 {
		return func() ([]byte, error) { return nil, nil }
	}
	return func() ([]byte, error) { return pbkdf2.Key(create, string(password), salt, iterations, n) }
}

// hkdf is (digest, ikm, salt, info, keylen).
func (h *host) hkdf(a call) func() ([]byte, error) {
	name := nodeerr.String(h.vm, "digest", a.value(0))
	key := append([]byte{}, h.data("ikm", a.value(1), goja.Undefined(), "of type string or an instance of SecretKeyObject, ArrayBuffer, TypedArray, DataView, or Buffer")...)
	salt, info := h.secret("salt", a.value(2)), h.secret("info", a.value(3))
	n := h.keyLength(a.value(4))
	create := h.digest(name)
	if n > 255*create().Size() {
		nodeerr.Throw(h.vm, "RangeError", "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length")
	}
	return func() ([]byte, error) { return hkdf.Key(create, key, salt, string(info), n) }
}

// maxMemory is the most memory that scrypt may be allowed.
const maxMemory = 1 << 30

// scrypt is (password, salt, keylen[, options]).
func (h *host) scrypt(a call) func() ([]byte, error) {
	password, salt := h.secret("password", a.value(0)), h.secret("salt", a.value(1))
	length := h.keyLength(a.value(2))
	options, _ := a.value(3).(*goja.Object)
	number := func(missing int64, most float64, names ...string) int64 {
		for _, name := range names {
			if options == nil {
				break
			}
			if v := h.vm.Field(options, name); !goja.IsUndefined(v) {
				return nodeerr.Integer(h.vm, name, v, 0, most)
			}
		}
		return missing
	}
	n := number(16384, math.MaxUint32, "N", "cost")
	r := number(8, math.MaxUint32, "r", "blockSize")
	p := number(1, math.MaxUint32, "p", "parallelization")
	most := min(number(32<<20, nodeerr.MaxSafe, "maxmem"), maxMemory)
	if n < 2 || n&(n-1) != 0 || r < 1 || p < 1 || r*p >= 1<<30 {
		nodeerr.Throw(h.vm, "RangeError", "ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params")
	}
	if need := float64(128) * float64(r) * (float64(n) + float64(p) + 2); need > float64(most) {
		nodeerr.Throw(h.vm, "RangeError", "ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params: error:030000AC:digital envelope routines::memory limit exceeded")
	}
	if length == 0 {
		return func() ([]byte, error) { return nil, nil }
	}
	return func() ([]byte, error) { return scrypt.Key(password, salt, int(n), int(r), int(p), length) }
}
