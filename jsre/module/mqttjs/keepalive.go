package mqttjs

import (
	"time"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// keeper sends pings and notices a server that is silent. It looks every half interval: at the second
// look it sends a PINGREQ, at the third, without an answer, the connection is lost.
type keeper struct {
	timer *engine.Timer
	every time.Duration // keep alive
	began time.Time
	looks int
}

func (k *keeper) deadline() time.Time { return k.began.Add(k.every + k.every/2) }

// keepAlive is the interval in force in seconds.
func (c *client) keepAlive() int {
	own := int(c.opt("keepalive").ToInteger())
	if c.connected && c.keepAliveByServer > 0 && own > 0 {
		return c.keepAliveByServer
	}
	return own
}

func (c *client) setUpKeeper() {
	own := int(c.opt("keepalive").ToInteger())
	if own <= 0 || c.keeper != nil {
		return
	}
	if c.keepAliveByServer > 0 {
		own = c.keepAliveByServer
	}
	k := &keeper{every: time.Duration(own) * time.Second, began: time.Now()}
	k.timer = c.vm.Loop().NewTimer(k.every/2, true, func() { c.look(k) })
	c.keeper = k
}

func (c *client) look(k *keeper) {
	if c.keeper != k {
		k.timer.Cancel()
		return
	}
	k.looks++
	switch k.looks {
	case 1:
	case 2:
		c.sendPing()
	default:
		c.cleanUp(true, nil, nil)
		c.emit("error", c.plainError("Keepalive timeout"))
	}
}

func (c *client) sendPing() { c.send(&outgoing{p: packet.Packet{Type: packet.PingReq}}, nil, nil) }

// reschedulePing begins the interval anew, after a sign of life.
func (c *client) reschedulePing(force bool) {
	k := c.keeper
	if k == nil || !force && !c.optBool("reschedulePings") {
		return
	}
	k.looks, k.began = 0, time.Now()
	k.timer.Refresh()
}

func (c *client) dropKeeper() {
	if c.keeper != nil {
		c.keeper.timer.Cancel()
		c.keeper = nil
	}
}
