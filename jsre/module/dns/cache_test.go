package dns

import (
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnswersExpire checks that an answer is given for as long as it was to be kept when it came, and no longer.
func TestAnswersExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache()
		keep := 20 * time.Second
		c.setTime(&keep)
		c.put("host", 4, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
		time.Sleep(keep - time.Second)
		if list, ok := c.get("host", 4); !ok || len(list) != 1 {
			t.Errorf("before its time: %v %v", list, ok)
		}
		time.Sleep(time.Second)
		if list, ok := c.get("host", 4); ok {
			t.Errorf("after its time: %v", list)
		}
	})
}

// TestCacheIsBounded checks that a script that looks up any number of hosts does not fill the memory.
func TestCacheIsBounded(t *testing.T) {
	c := newCache()
	for i := range 3 * mostAnswers {
		host := strconv.Itoa(i)
		c.put(host, 4, nil)
		if _, ok := c.get(host, 4); !ok || len(c.answers) > mostAnswers {
			t.Fatalf("%d answers after %d hosts, the last is there: %v", len(c.answers), i+1, ok)
		}
	}
}
