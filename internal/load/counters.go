package load

import (
	"math/bits"
	"sync/atomic"
	"time"

	"dunlin/internal/load/result"
)

// slot holds what some clients of a group count. A group has a few of them, so that clients on different processors seldom
// write to the same memory. Everything in it only grows, except online: whoever wants the figures of a second takes the
// difference of two readings, so that nothing is counted twice or lost between them.
type slot struct {
	sending
	_ [64]byte // the sender and the receiver of one client are different goroutines
	receiving
	_          [64]byte
	histograms *histograms
}

type sending struct {
	due, published, bytesOut, publishErrors, late atomic.Int64
}

type receiving struct {
	connects, connectErrors, lost, dropped, subscribes, online atomic.Int64
	acknowledged, received, bytesIn                            atomic.Int64
}

// addTo adds the counts of the slot to a sum.
func (s *slot) addTo(c *result.Counts) {
	c.Connects += s.connects.Load()
	c.ConnectErrors += s.connectErrors.Load()
	c.Lost += s.lost.Load()
	c.Dropped += s.dropped.Load()
	c.Subscribes += s.subscribes.Load()
	c.Due += s.due.Load()
	c.Published += s.published.Load()
	c.Acknowledged += s.acknowledged.Load()
	c.PublishErrors += s.publishErrors.Load()
	c.Received += s.received.Load()
	c.BytesOut += s.bytesOut.Load()
	c.BytesIn += s.bytesIn.Load()
}

// minus returns a - b.
func minus(a, b result.Counts) result.Counts {
	a.Connects -= b.Connects
	a.ConnectErrors -= b.ConnectErrors
	a.Lost -= b.Lost
	a.Dropped -= b.Dropped
	a.Subscribes -= b.Subscribes
	return withoutMessages(a, b)
}

// withoutMessages returns a without the messages of b: connections count also while the load warms up.
func withoutMessages(a, b result.Counts) result.Counts {
	a.Due -= b.Due
	a.Published -= b.Published
	a.Acknowledged -= b.Acknowledged
	a.PublishErrors -= b.PublishErrors
	a.Received -= b.Received
	a.BytesOut -= b.BytesOut
	a.BytesIn -= b.BytesIn
	return a
}

// The kinds of latencies, in the order of result.Names.
const (
	connecting = iota
	subscribing
	publishing
	wire
	delivery
	roundTrip
	kinds
)

// histograms are one of each kind, for a few clients.
type histograms [kinds]histogram

// histogram is a live one: one atomic addition a message. Its buckets are those of result.Histogram, so that they are carried
// over exactly. A bucket wraps around after 2^32 messages, which the difference of two readings a second apart survives.
type histogram struct {
	buckets atomic.Pointer[buckets]
}

// Buckets hold microseconds: 2,048 of one microsecond each, then 1,024 for each doubling, which is three significant digits.
const (
	subBits     = 11
	half        = 1 << (subBits - 1)
	bucketCount = half * (32 - subBits + 2)
	longest     = int64(time.Hour / time.Microsecond)
)

type buckets [bucketCount]atomic.Uint32

// record adds a latency in nanoseconds.
func (h *histogram) record(ns int64) {
	b := h.buckets.Load()
	if b == nil {
		h.buckets.CompareAndSwap(nil, new(buckets))
		b = h.buckets.Load()
	}
	b[bucketOf(ns/1000)].Add(1)
}

func bucketOf(us int64) int {
	us = min(max(us, 1), longest)
	exponent := bits.Len64(uint64(us)|(1<<subBits-1)) - subBits
	return exponent<<(subBits-1) + int(us>>exponent)
}

// valueOf returns the least microseconds of a bucket.
func valueOf(bucket int) int64 {
	if bucket < 2*half {
		return int64(bucket)
	}
	exponent := bucket>>(subBits-1) - 1
	return int64(bucket-exponent<<(subBits-1)) << exponent
}
