package dns

import (
	"net/netip"
	"sync"
	"time"

	"github.com/dop251/goja"
)

const (
	cacheTime    = 300 * time.Second // how long addresses are kept
	leastTime    = 10 * time.Second  // the shortest time that can be set
	mostAnswers  = 1000              // how many are kept
	withoutCache = time.Duration(0)
)

// cache keeps what was found. Its methods are safe from any goroutine.
type cache struct {
	mu      sync.Mutex
	keep    time.Duration
	answers map[question]answer
}

type question struct {
	host   string
	family int
}

type answer struct {
	list  []netip.Addr
	until time.Time
}

func newCache() *cache { return &cache{keep: cacheTime, answers: map[question]answer{}} }

func (c *cache) get(host string, family int) ([]netip.Addr, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.answers[question{host, family}]
	return a.list, ok && c.keep != withoutCache && time.Now().Before(a.until)
}

func (c *cache) put(host string, family int, list []netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keep == withoutCache {
		return
	}
	if len(c.answers) >= mostAnswers {
		clear(c.answers)
	}
	c.answers[question{host, family}] = answer{list, time.Now().Add(c.keep)}
}

// flush forgets a host, or all of them.
func (c *cache) flush(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for q := range c.answers {
		if host == "" || q.host == host {
			delete(c.answers, q)
		}
	}
}

// setTime sets how long answers are kept and gives that; nil asks alone.
func (c *cache) setTime(d *time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d != nil {
		c.keep = *d
		if c.keep != withoutCache {
			c.keep = max(c.keep, leastTime)
		}
	}
	return c.keep
}

// cacheFunctions are JSRE's functions for the cache.
func (h *host) cacheFunctions() {
	h.vm.Export(h.obj, "cacheTimeout", func(c goja.FunctionCall) goja.Value {
		var d *time.Duration
		if a := h.vm.Args("cacheTimeout", c.Arguments); a.Given(0) {
			ms := time.Duration(a.Int(0, "ms", 0, 1<<40)) * time.Millisecond
			d = &ms
		}
		return h.vm.Runtime().ToValue(h.cache.setTime(d).Milliseconds())
	})
	h.vm.Export(h.obj, "cacheFlush", func(c goja.FunctionCall) goja.Value {
		name := ""
		if a := h.vm.Args("cacheFlush", c.Arguments); a.Given(0) {
			name = HostOf(a.String(0, "hostname"))
		}
		h.cache.flush(name)
		return goja.Undefined()
	})
}
