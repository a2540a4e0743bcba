package feed

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"dunlin/mqtt"
)

// Fills are the ways to make up a payload: random bytes, random letters and digits, bytes 0, and bytes that count from 0
// to 255 and again.
var Fills = []string{"random", "text", "zero", "count"}

// Size returns a source that gives the messages of s with payloads of so many bytes, each made up anew in the way that
// fill names. The same seed gives the same payloads.
func Size(s Source, size int, fill string, seed uint64) (Source, error) {
	if size < 0 || size > MaxPayload {
		return nil, fmt.Errorf("%d bytes are not between 0 and %d", size, MaxPayload)
	}
	r := newRandom(seed, "size")
	made := &sized{onTop: onTop{s}, size: size}
	switch fill {
	case "random":
		made.fill = func(b []byte) { fillRandom(r, b) }
	case "text":
		made.fill = func(b []byte) { fillText(r, b) }
	case "zero":
		made.fill = func([]byte) {}
	case "count":
		made.fill = func(b []byte) {
			for i := range b {
				b[i] = byte(i)
			}
		}
	default:
		return nil, fmt.Errorf("%q is not %s", fill, strings.Join(Fills, ", "))
	}
	return made, nil
}

// sized makes up payloads.
type sized struct {
	onTop
	size int
	fill func([]byte)
}

// Next returns the next message of the inner source with a payload of its own.
func (s *sized) Next(ctx context.Context) (mqtt.Message, error) {
	m, err := s.Source.Next(ctx)
	if err != nil {
		return m, err
	}
	m.Payload = make([]byte, s.size)
	s.fill(m.Payload)
	return m, nil
}

// newRandom returns random numbers that the seed decides, others for each purpose.
func newRandom(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose)) // it never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// fillRandom fills b with random bytes.
func fillRandom(r *rand.Rand, b []byte) {
	for i := 0; i < len(b); i += 8 {
		for j, bits := i, r.Uint64(); j < min(i+8, len(b)); j++ {
			b[j] = byte(bits)
			bits >>= 8
		}
	}
}

// alphabet is what random text is made of.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// fillText fills b with random letters and digits.
func fillText(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = alphabet[r.Uint32N(uint32(len(alphabet)))]
	}
}
