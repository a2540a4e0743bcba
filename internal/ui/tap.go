package ui

import (
	"context"
	"fmt"
	"time"

	"dunlin/internal/tap"
	"dunlin/mqtt"
)

// openProxy begins to stand between devices and a broker. The hub's lock is held.
func (h *hub) openProxy(p *Proxy) error {
	url, cfg, err := p.To.Prepare(h.ctx)
	if err != nil {
		return err
	}
	c := h.newConnection(kindProxy, "", "")
	ctx, cancel := context.WithTimeout(h.ctx, patience)
	defer cancel()
	c.proxy, err = tap.Start(ctx, tap.Config{
		Listen: p.Listen, To: url, TLS: cfg.Transport.TLS, Log: c.log,
		OnMessage: func(_ int, _ bool, m *mqtt.Received, at time.Time) { c.take(m, at) },
		OnChange:  func() { c.devices.Add(1); h.changed() },
	})
	if err != nil {
		return err
	}
	c.name = fmt.Sprintf("proxy %v", c.proxy.Addr())
	c.url = fmt.Sprintf("%v to %s", c.proxy.Addr(), withoutQuery(url))
	c.state = stateConnected
	h.connections = append(h.connections, c)
	h.work.Go(func() {
		defer close(c.over)
		<-c.ctx.Done()
		_ = c.proxy.Close() // what cannot be closed is gone
		c.set(stateEnded, context.Cause(c.ctx).Error())
	})
	return nil
}
