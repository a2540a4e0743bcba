package load

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"dunlin/internal/load/scenario"
	"dunlin/internal/load/verify"
	"dunlin/mqtt"
)

// carrier says where a message has its number and the time at which it was due.
type carrier byte

const (
	carriesNothing carrier = iota
	carriesInPayload
	carriesInProperty // MQTT 5, for a payload without a place
)

// publication is what all clients of a group have in common of one Publish.
type publication struct {
	g       *group
	spec    *scenario.Publish
	carrier carrier
	base    []byte    // the payload, or what follows the header's place; nil: a template makes it
	sum     uint32    // of base, without the header's place
	pool    sync.Pool // of *scenario.Template, which one goroutine at a time uses
	shared  [][]byte  // payloads of the schedulers, for their sources together
}

func newPublication(g *group, spec *scenario.Publish) (*publication, error) {
	p := &publication{g: g, spec: spec}
	if spec.Payload == "" {
		p.base = filling(spec.Size)
		return p, nil
	}
	t, err := scenario.ParseTemplate(spec.Payload, g.r.s.Seed)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if t.Constant() {
		if p.base, err = t.Append([]byte{}, &scenario.Values{Group: g.Name}); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
		return p, nil
	}
	p.pool.New = func() any {
		t, _ := scenario.ParseTemplate(spec.Payload, g.r.s.Seed) // it was parsed before
		return t
	}
	return p, nil
}

// filling is a payload without meaning.
func filling(size int) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return bytes.Repeat([]byte(letters), size/len(letters)+1)[:size]
}

// carry decides where the header goes, once the version is known.
func (p *publication) carry() error {
	r := p.g.r
	inPayload := p.spec.Payload == "" && p.spec.Size >= verify.HeaderSize
	switch {
	case !r.verifies() && !r.measuresArrival() && !p.spec.Answered:
	case inPayload:
		p.carrier = carriesInPayload
	case r.o.Config.Version == mqtt.V5:
		p.carrier = carriesInProperty
	case r.verifies():
		return fmt.Errorf("messages cannot be numbered: the payload has no place for the %d bytes of a header, and only MQTT 5 has properties: give more bytes, or -V 5", verify.HeaderSize)
	case p.spec.Answered && p.spec.Rate > 0:
		return errors.New("answers cannot be told apart: the payload has no place for a header, and only MQTT 5 has properties: give more bytes, or -V 5")
	}
	if p.carrier == carriesInPayload {
		p.sum = verify.Checksum(p.base[verify.HeaderSize:])
	} else if p.base != nil {
		p.sum = verify.Checksum(p.base)
	}
	return nil
}
