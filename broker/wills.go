package broker

import (
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// nowhere is a topic that nobody can subscribe to, for no topic holds a zero.
const nowhere = "$\x00"

// wills publishes the wills of clients. The wrapped broker keeps none of their properties but those of the user, gives those
// with a delay an expiry that nobody asked for, and takes a session that ends with its connection for one that goes on.
type wills struct {
	mochi.HookBase
	server *mochi.Server // set before there are connections

	mu      sync.Mutex
	delayed map[string]*time.Timer // by client; nil after end; mu
}

func newWills(server *mochi.Server) *wills {
	return &wills{server: server, delayed: make(map[string]*time.Timer)}
}

// ID names the hook.
func (w *wills) ID() string { return "dunlin-wills" }

// Provides lists the hook's methods.
func (w *wills) Provides(b byte) bool {
	return b == mochi.OnConnect || b == mochi.OnSessionEstablished || b == mochi.OnWill
}

// OnConnect keeps the properties of a will.
func (w *wills) OnConnect(cl *mochi.Client, connect packets.Packet) error {
	if v := visitOf(cl); v != nil && connect.Connect.WillFlag {
		v.will = connect.Connect.WillProperties
	}
	return nil
}

// OnSessionEstablished sees the client there again, so that a will that waits is not published [MQTT-3.1.3-9].
func (w *wills) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if timer := w.delayed[cl.ID]; timer != nil {
		timer.Stop()
		delete(w.delayed, cl.ID)
	}
}

// OnWill publishes a will, now or after its delay, and has the wrapped broker send its own form of it nowhere.
func (w *wills) OnWill(cl *mochi.Client, will mochi.Will) (mochi.Will, error) {
	v := visitOf(cl)
	if v == nil || isReserved(will.TopicName) {
		return mochi.Will{TopicName: nowhere}, nil
	}
	message := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: will.Qos, Retain: will.Retain},
		TopicName:   will.TopicName,
		Payload:     will.Payload,
		PacketID:    uint16(will.Qos), // any, where there is to be one
		Properties:  v.will.Copy(false),
	}
	delay := min(v.will.WillDelayInterval, cl.Properties.Props.SessionExpiryInterval) // it ends with the session
	message.Properties.WillDelayInterval, cl.Properties.Will.WillDelayInterval = 0, 0
	publisher := w.server.NewClient(nil, mochi.LocalListener, cl.ID, true)
	publisher.Properties.ProtocolVersion = cl.Properties.ProtocolVersion
	publish := func() { _ = w.server.InjectPacket(publisher, message) } // it fails for a topic that is none
	if delay == 0 {
		publish()
	} else {
		w.later(cl.ID, time.Duration(delay)*time.Second, publish)
	}
	return mochi.Will{TopicName: nowhere}, nil
}

// later has a will published, unless its client or the end of the broker comes first.
func (w *wills) later(id string, delay time.Duration, publish func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.delayed == nil {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		w.mu.Lock()
		due := w.delayed[id] == timer
		if due {
			delete(w.delayed, id)
		}
		w.mu.Unlock()
		if due {
			publish()
		}
	})
	w.delayed[id] = timer
}

// end has no will published any more.
func (w *wills) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, timer := range w.delayed {
		timer.Stop()
	}
	w.delayed = nil
}
