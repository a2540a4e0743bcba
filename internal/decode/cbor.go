package decode

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"dunlin/mqtt"
)

// What the first byte of a CBOR item says, RFC 8949 section 3: its major type, and where its argument is.
const (
	majorUnsigned = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	indefinite = 31 // the additional information of an item of indefinite length
	breakCode  = 0xff
)

// Tags whose content JSON can show better than as it is, RFC 8949 section 3.4.
const (
	tagEpoch          = 1
	tagBignum         = 2
	tagNegativeBignum = 3
	tagBase64URL      = 21
	tagBase64         = 22
	tagBase16         = 23
)

// maxBignum is how many bytes a bignum may have: the digits of a longer one take long to work out.
const maxBignum = 1024

// cborItems walks a payload item by item. The library's maps would lose their order; it checks the payload and
// decodes what is not nested.
type cborItems struct {
	mode     cbor.DecMode
	rest     []byte
	encoding uint64 // the tag that says how bytes are written: 21, 22 or 23
}

// newCBOR returns what decodes CBOR.
func newCBOR() (decodeFunc, error) {
	mode, err := cbor.DecOptions{
		MaxNestedLevels: maxDepth, MaxArrayElements: math.MaxInt32, MaxMapPairs: math.MaxInt32, // checked against the size of the payload
		UTF8: cbor.UTF8DecodeInvalid, BignumTag: cbor.BignumTagAllowed,
	}.DecMode()
	if err != nil {
		return nil, err
	}
	return func(dst []byte, m *mqtt.Received) ([]byte, error) {
		if len(m.Payload) == 0 {
			return dst, errEmpty
		}
		if err := mode.Wellformed(m.Payload); err != nil {
			return dst, errors.New(strings.TrimPrefix(err.Error(), "cbor: "))
		}
		items := &cborItems{mode: mode, rest: m.Payload, encoding: tagBase64}
		return items.append(dst)
	}, nil
}

// append appends the next item. The payload is well-formed, and so not too deep.
func (c *cborItems) append(dst []byte) ([]byte, error) {
	if len(c.rest) == 0 {
		return dst, errEmpty
	}
	switch c.rest[0] >> 5 {
	case majorUnsigned:
		n, err := c.head()
		return strconv.AppendUint(dst, n, 10), err
	case majorNegative:
		n, err := c.head()
		if n <= math.MaxInt64 {
			return strconv.AppendInt(dst, -1-int64(n), 10), err
		}
		return appendBig(dst, new(big.Int).SetUint64(n), true), err
	case majorBytes, majorText:
		return c.appendString(dst)
	case majorArray:
		return c.appendArray(dst)
	case majorMap:
		return c.appendMap(dst)
	case majorTag:
		return c.appendTag(dst)
	}
	return c.appendSimple(dst)
}

// head takes the first bytes of an item, and returns its argument.
func (c *cborItems) head() (uint64, error) {
	info, size := c.rest[0]&31, 0
	switch {
	case info < 24 || info == indefinite:
		c.rest = c.rest[1:]
		return uint64(info), nil
	case info <= 27:
		size = 1 << (info - 24)
	}
	if size == 0 || len(c.rest) <= size {
		return 0, errEmpty
	}
	n := bigEndian(c.rest[1 : 1+size])
	c.rest = c.rest[1+size:]
	return n, nil
}

// appendString appends text, or bytes, perhaps in pieces, which the library joins.
func (c *cborItems) appendString(dst []byte) ([]byte, error) {
	var value any
	rest, err := c.mode.UnmarshalFirst(c.rest, &value)
	if err != nil {
		return dst, err
	}
	c.rest = rest
	switch value := value.(type) {
	case string:
		return appendString(dst, value), nil
	case []byte:
		return c.appendBytes(dst, value), nil
	}
	return dst, fmt.Errorf("a string is a %T", value)
}

// appendBytes appends bytes as the tag around them asks for.
func (c *cborItems) appendBytes(dst, b []byte) []byte {
	switch c.encoding {
	case tagBase64URL:
		return append(base64.RawURLEncoding.AppendEncode(append(dst, '"'), b), '"')
	case tagBase16:
		return append(append(append(dst, '"'), strings.ToUpper(hex.EncodeToString(b))...), '"')
	}
	return appendBytes(dst, b)
}

func (c *cborItems) appendArray(dst []byte) ([]byte, error) {
	return c.appendEach(append(dst, '['), ']', c.append)
}

func (c *cborItems) appendMap(dst []byte) ([]byte, error) {
	return c.appendEach(append(dst, '{'), '}', func(dst []byte) ([]byte, error) {
		start := len(dst)
		if c.hasContainer(c.rest) {
			return dst, errKey
		}
		dst, err := c.append(dst)
		if err != nil {
			return dst, err
		}
		return c.append(quoteKey(dst, start))
	})
}

// hasContainer tells whether an item is an array or a map, tagged or not.
func (c *cborItems) hasContainer(rest []byte) bool {
	tagged := cborItems{rest: rest}
	for len(tagged.rest) > 0 && tagged.rest[0]>>5 == majorTag {
		if _, err := tagged.head(); err != nil {
			return false
		}
	}
	return len(tagged.rest) > 0 && (tagged.rest[0]>>5 == majorArray || tagged.rest[0]>>5 == majorMap)
}

// appendEach appends the elements of an array or a map up to its length, or to the break code.
func (c *cborItems) appendEach(dst []byte, end byte, element func([]byte) ([]byte, error)) ([]byte, error) {
	toBreak := c.rest[0]&31 == indefinite
	n, err := c.head()
	for i := uint64(0); err == nil && (toBreak || i < n); i++ {
		if len(c.rest) == 0 {
			return dst, errEmpty
		}
		if toBreak && c.rest[0] == breakCode {
			c.rest = c.rest[1:]
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, err = element(dst)
	}
	return append(dst, end), err
}

// appendTag appends the content of a tag.
func (c *cborItems) appendTag(dst []byte) ([]byte, error) {
	tag, err := c.head()
	if err != nil {
		return dst, err
	}
	switch tag {
	case tagEpoch:
		return c.appendEpoch(dst)
	case tagBignum, tagNegativeBignum:
		return c.appendBignum(dst, tag == tagNegativeBignum)
	case tagBase64URL, tagBase64, tagBase16:
		before := c.encoding
		defer func() { c.encoding = before }()
		c.encoding = tag
	}
	return c.append(dst)
}

// appendEpoch appends seconds since 1970 as a time where they are one.
func (c *cborItems) appendEpoch(dst []byte) ([]byte, error) {
	start, scalar := len(dst), len(c.rest) > 0 && (c.rest[0]>>5 <= majorNegative || c.rest[0]>>5 == majorSimple)
	dst, err := c.append(dst)
	if err != nil || !scalar {
		return dst, err
	}
	text := string(dst[start:])
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if dated, ok := appendTime(dst[:start], seconds, 0); ok {
			return dated, nil
		}
		return dst, nil
	}
	if float, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(float) < 1<<40 {
		whole := math.Floor(float)
		if dated, ok := appendTime(dst[:start], int64(whole), uint64((float-whole)*1e9)); ok {
			return dated, nil
		}
	}
	return append(dst[:start], text...), nil
}

func (c *cborItems) appendBignum(dst []byte, negative bool) ([]byte, error) {
	var digits []byte
	rest, err := c.mode.UnmarshalFirst(c.rest, &digits)
	if err != nil {
		return dst, err
	}
	c.rest = rest
	if len(digits) > maxBignum {
		return dst, fmt.Errorf("a number of %d bytes; the most is %d", len(digits), maxBignum)
	}
	return appendBig(dst, new(big.Int).SetBytes(digits), negative), nil
}

// appendBig appends n, or -1 - n.
func appendBig(dst []byte, n *big.Int, negative bool) []byte {
	if negative {
		n.Not(n)
	}
	return n.Append(dst, 10)
}

// appendSimple appends a number with a fraction, or a simple value.
func (c *cborItems) appendSimple(dst []byte) ([]byte, error) {
	first := c.rest[0] & 31
	if first < 25 || first > 27 {
		return c.appendSimpleValue(dst)
	}
	var f float64
	rest, err := c.mode.UnmarshalFirst(c.rest, &f)
	c.rest = rest
	bits := 64
	if first < 27 {
		bits = 32
	}
	return appendFloat(dst, f, bits), err
}

func (c *cborItems) appendSimpleValue(dst []byte) ([]byte, error) {
	n, err := c.head()
	switch n {
	case 20, 21:
		return strconv.AppendBool(dst, n == 21), err
	case 22, 23:
		return append(dst, "null"...), err
	}
	return append(strconv.AppendUint(append(dst, `{"simple":`...), n, 10), '}'), err
}
