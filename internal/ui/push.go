package ui

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/internal/ui/topics"
)

// scene is what a viewer sees of one connection. The viewer's lock is held for all but what the writer alone has.
type scene struct {
	c     *connection
	view  *topics.View
	tree  bool // the tree is in sight
	node  int  // the topic that is looked at; 0: none
	shown int  // the node of the last topic that was told; of the writer alone, as the next three are
	known int64
	name  string // of that topic
	at    time.Time
}

// watching is a packet log that a viewer looks at the end of.
type watching struct {
	c       *connection // nil: none
	ask     protocol.Watch
	after   int64
	devices int64 // how often those of a proxy had changed
}

// task is something that takes long.
type task struct {
	connection int
	what       string
	plan       int
}

// told is what a viewer has been told.
type told struct {
	hello   []byte
	edits   int64
	at      time.Time     // of the hello, and of the figures of brokers
	figures map[int]int64 // by connection
}

// push tells the page what has changed. It is false when the page has gone.
func (v *viewer) push(now time.Time) bool {
	all := now.Sub(v.told.at) >= figuresEvery
	if all {
		v.told.at = now
	}
	return v.pushHello(now, all) && v.pushScenes(now) && v.pushPackets() && (!all || v.pushFigures()) && v.pushProgress()
}

// sendPush writes one push.
func (v *viewer) sendPush(p *protocol.Push) bool {
	text, err := json.Marshal(p)
	return err != nil || v.sendText(text)
}

// pushHello tells of connections: at once when one comes, goes or stands otherwise, and each second of their figures.
func (v *viewer) pushHello(now time.Time, all bool) bool {
	edits := v.hub.edits.Load()
	if edits == v.told.edits && !all {
		return true
	}
	v.told.edits = edits
	hello := v.hub.hello(now)
	v.forget(hello)
	text, err := json.Marshal(&protocol.Push{Hello: hello})
	if err != nil || bytes.Equal(text, v.told.hello) {
		return true
	}
	v.told.hello = text
	return v.sendText(text)
}

// forget drops what was seen of connections that are no more.
func (v *viewer) forget(hello *protocol.Hello) {
	there := map[int]bool{}
	for _, c := range hello.Connections {
		there[c.ID] = true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.DeleteFunc(v.scenes, func(id int, _ *scene) bool { return !there[id] })
	maps.DeleteFunc(v.told.figures, func(id int, _ int64) bool { return !there[id] })
	if v.watch.c != nil && !there[v.watch.c.id] {
		v.watch = watching{}
	}
}

// pushScenes tells of rows and topics that are looked at.
func (v *viewer) pushScenes(now time.Time) bool {
	v.mu.Lock()
	scenes := slices.Collect(maps.Values(v.scenes))
	v.mu.Unlock()
	slices.SortFunc(scenes, func(a, b *scene) int { return a.c.id - b.c.id })
	for _, s := range scenes {
		if !v.pushRows(s, now) || !v.pushTopic(s, now) {
			return false
		}
	}
	return true
}

// pushRows tells of the rows in sight, where they have changed.
func (v *viewer) pushRows(s *scene, now time.Time) bool {
	v.mu.Lock()
	tree := s.tree
	v.mu.Unlock()
	if !tree {
		return true
	}
	rows, changed := s.view.Rows(now)
	if !changed {
		return true
	}
	rows.Connection = s.c.id
	return v.sendPush(&protocol.Push{Rows: &rows})
}

// pushTopic tells of the topic that is looked at: at once when something came, and each second of its rate.
func (v *viewer) pushTopic(s *scene, now time.Time) bool {
	v.mu.Lock()
	node := s.node
	v.mu.Unlock()
	if node == 0 {
		s.shown = 0
		return true
	}
	known := s.c.tree.Version(node)
	if node == s.shown && known == s.known && now.Sub(s.at) < figuresEvery {
		return true
	}
	s.shown, s.known, s.at = node, known, now
	topic, err := s.c.tree.Topic(node, now)
	switch {
	case err == nil:
		s.name = topic.Topic
	case s.c.player != nil && s.name != "": // the recording went back to before it
		topic = protocol.Topic{Node: node, Topic: s.name}
	default: // it was told with the answer
		return true
	}
	topic.Connection = s.c.id
	return v.sendPush(&protocol.Push{Topic: &topic})
}

// pushPackets tells of packets that came since, and of devices that came or went.
func (v *viewer) pushPackets() bool {
	v.mu.Lock()
	w := v.watch
	v.mu.Unlock()
	if w.c == nil {
		return true
	}
	devices := w.c.devices.Load()
	p := w.c.log.Since(w.ask, w.after)
	if len(p.Packets) == 0 && len(p.Ends) == 0 && devices == w.devices {
		return true
	}
	p.Connection = w.c.id
	if w.c.proxy != nil {
		p.Devices = w.c.proxy.Devices()
	}
	v.mu.Lock()
	if v.watch.c == w.c && v.watch.ask == w.ask {
		v.watch.after, v.watch.devices = max(w.after, p.Last), devices
	}
	v.mu.Unlock()
	return v.sendPush(&protocol.Push{Packets: &p})
}

// pushFigures tells what brokers say of themselves.
func (v *viewer) pushFigures() bool {
	for _, c := range v.hub.all() {
		changes := c.figures.Changes()
		if changes == v.told.figures[c.id] {
			continue
		}
		v.told.figures[c.id] = changes
		server := c.figures.Server()
		server.Connection = c.id
		if !v.sendPush(&protocol.Push{Server: server}) {
			return false
		}
	}
	return true
}

// tell has the page told how far something is. What it was not told of is told as one.
func (v *viewer) tell(p protocol.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress[task{p.Connection, p.What, p.Plan}] = p
}

// pushProgress tells how far things are.
func (v *viewer) pushProgress() bool {
	v.mu.Lock()
	progress := v.progress
	v.progress = map[task]protocol.Progress{}
	v.mu.Unlock()
	for _, p := range progress {
		if !v.sendPush(&protocol.Push{Progress: &p}) {
			return false
		}
	}
	return true
}
