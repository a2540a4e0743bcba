package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// plant is what there is of Sparkplug in a run: edge nodes, the host application that is their service, and the check.
type plant struct {
	run     *run
	nodes   []*edgeNode
	byID    map[sparkplug.ID]*edgeNode
	name    string             // of the host application
	host    *sparkplug.Host    // nil: no commands are sent
	checker *sparkplug.Checker // nil: nothing is checked
	cancel  context.CancelFunc
	sending context.Context // of commands; ends with the patience of the end
	cut     context.CancelCauseFunc
	ended   chan struct{} // commandLoop has returned

	mu       sync.Mutex
	known    []sparkplug.ID // of what has controls and was born
	seen     map[sparkplug.ID]bool
	pending  map[sparkplug.ID]wish
	breaks   []Break
	number   uint64
	answered chan struct{}
}

// wish is a command without an answer: a metric that is to have a value, or with an empty one a birth.
type wish struct{ metric sparkplug.Metric }

// hostName is the host application where no group names a primary one.
const hostName = "dunlin-fleet"

// startEdgeNodes starts the edge nodes of Sparkplug, if there are any.
func (r *run) startEdgeNodes(ctx context.Context) (part, error) {
	p := &plant{
		run: r, name: hostName, byID: map[sparkplug.ID]*edgeNode{}, seen: map[sparkplug.ID]bool{}, pending: map[sparkplug.ID]wish{}, answered: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	p.sending, p.cut = context.WithCancelCause(r.ctx)
	groups := p.populate()
	if len(p.nodes) == 0 {
		return nil, nil //nolint:nilnil // there are none
	}
	if err := p.connect(ctx, groups); err != nil {
		return nil, err
	}
	looping, cancel := context.WithCancel(r.ctx)
	p.cancel = cancel
	go p.commandLoop(looping)
	for i, n := range p.nodes {
		after := time.Duration(float64(r.scenario.Ramp) * float64(i) / float64(len(p.nodes)))
		r.schedule.add(task{at: r.began.Add(after), actor: n, do: doConnect})
	}
	return p, nil
}

// populate makes the edge nodes, and returns their groups.
func (p *plant) populate() (groups []string) {
	for i := range p.run.scenario.Groups {
		g := &p.run.scenario.Groups[i]
		if g.Profile != Sparkplug {
			continue
		}
		groups = append(groups, g.SparkplugGroup)
		if g.PrimaryHost != "" {
			p.name = g.PrimaryHost
		}
		m := newModel(g)
		for number := 1; number <= g.Count; number++ {
			n := p.run.newEdgeNode(m, number)
			p.nodes, p.byID[n.id()] = append(p.nodes, n), n
		}
	}
	return groups
}

// connect starts the check and the host application, so far as they are wanted.
func (p *plant) connect(ctx context.Context, groups []string) (err error) {
	r := p.run
	cfg := r.options.Config
	cfg.Reconnect, cfg.OnError = &mqtt.Reconnect{MaxDelay: 5 * time.Second}, r.failed
	if r.options.Check {
		cfg.ClientID = r.nameOf("check")
		p.checker, err = sparkplug.StartChecker(ctx, r.options.URL, sparkplug.CheckerConfig{
			Groups: unique(groups), Only: p.ours, FromStart: true, OnBreak: p.broken, MQTT: cfg,
		})
		if err != nil {
			return fmt.Errorf("the check: %w", err)
		}
	}
	if r.scenario.Service.Commands == 0 {
		return nil
	}
	cfg.ClientID = r.nameOf("service")
	p.host, err = sparkplug.StartHost(ctx, r.options.URL, sparkplug.HostConfig{ID: p.name, Groups: unique(groups), OnEvent: p.happened, MQTT: cfg})
	if err != nil {
		if p.checker != nil {
			_ = p.checker.Close(ctx) // the first error counts
		}
		return fmt.Errorf("the service: %w", err)
	}
	return nil
}

// ours reports whether a topic is of an edge node of the fleet, or of its host application. Others in the groups are at fault, if
// they are, for somebody else, and may have been there before the check.
func (p *plant) ours(topic string) bool {
	levels := strings.SplitN(topic, "/", 5) // spBv1.0, group, type, node
	if len(levels) == 3 {                   // spBv1.0, STATE, host
		return levels[2] == p.name
	}
	return len(levels) > 3 && p.byID[sparkplug.ID{Group: levels[1], Node: levels[3]}] != nil
}

// nodeOf is the node of a device, or the node itself.
func nodeOf(id sparkplug.ID) sparkplug.ID { return sparkplug.ID{Group: id.Group, Node: id.Node} }

// unique leaves out what is there already.
func unique(words []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			list = append(list, w)
		}
	}
	return list
}

// broken notes a break that the check has found.
func (p *plant) broken(b sparkplug.Break) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ours := fromSparkplug(b)
	p.run.counts.add(ours.count())
	if len(p.breaks) < breaksKept {
		p.breaks = append(p.breaks, ours)
	}
	if p.run.options.OnBreak != nil {
		p.run.options.OnBreak(ours)
	}
}

func fromSparkplug(b sparkplug.Break) Break {
	return Break{Rule: b.Rule, Topic: b.Topic, What: b.What, Advice: b.Should}
}

// count is what a break is counted as.
func (b *Break) count() Count {
	if b.Advice {
		return Advice
	}
	return Violations
}

// happened is told of all that the host application learns.
func (p *plant) happened(_ context.Context, e sparkplug.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case sparkplug.NodeBorn, sparkplug.DeviceBorn:
		p.metLocked(e)
	case sparkplug.NodeData, sparkplug.DeviceData:
		p.answerLocked(e)
	}
}

// metLocked gets a birth: the answer to the wish for one, and the time to send a command again that was lost.
func (p *plant) metLocked(e sparkplug.Event) {
	w, waits := p.pending[e.ID]
	for _, m := range e.Metrics {
		if strings.HasPrefix(m.Name, controlMetric) && !p.seen[e.ID] && p.byID[nodeOf(e.ID)] != nil {
			p.seen[e.ID] = true
			p.known = append(p.known, e.ID)
		}
	}
	switch {
	case !waits:
	case w.metric.Name == "" || w.fulfilled(e.Metrics): // obeyed, and the data that said so were lost: the same again changes nothing
		p.doneLocked(e.ID)
	default:
		p.sendLocked(e.ID, w)
	}
}

// fulfilled reports whether one of the metrics has the value that was asked for.
func (w *wish) fulfilled(metrics []sparkplug.Metric) bool {
	return slices.ContainsFunc(metrics, func(m sparkplug.Metric) bool { return m.Name == w.metric.Name && m.Value == w.metric.Value })
}

func (p *plant) answerLocked(e sparkplug.Event) {
	if w, waits := p.pending[e.ID]; waits && w.fulfilled(e.Metrics) {
		p.doneLocked(e.ID)
	}
}

func (p *plant) doneLocked(id sparkplug.ID) {
	delete(p.pending, id)
	p.run.counts.add(Answered)
	select {
	case p.answered <- struct{}{}:
	default:
	}
}

// sendLocked sends a command. The host may ask for its lock from the callback that has ours, and never the other way.
func (p *plant) sendLocked(id sparkplug.ID, w wish) {
	var err error
	if w.metric.Name == "" {
		err = p.host.RequestRebirth(p.sending, id)
	} else {
		err = p.host.Command(p.sending, id, w.metric)
	}
	if err != nil {
		p.run.failed(err)
	}
}

// commandLoop sends commands at intervals.
func (p *plant) commandLoop(ctx context.Context) {
	defer close(p.ended)
	if p.host == nil {
		return
	}
	tick := time.NewTicker(max(p.run.real(p.run.scenario.Service.Commands), time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.command()
		case <-ctx.Done():
			return
		}
	}
}

// rebirths is how many commands there are for each wish for a birth.
const rebirths = 10

// command asks some node for another value of a control, or for its birth.
func (p *plant) command() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) == 0 {
		return
	}
	p.number++
	draw := mix(p.run.scenario.Seed, p.number, 'h')
	id := p.known[draw%uint64(len(p.known))]
	if p.number%rebirths == 0 {
		id.Device = ""
		p.wishLocked(id, wish{})
		return
	}
	state, _ := p.host.State(id)
	if !state.Online {
		return
	}
	for _, c := range p.controlsOf(id) {
		value := c.metricValue(c.some(mix(draw, 0, 'v')))
		for _, m := range state.Metrics {
			if m.Name == controlMetric+c.Name && m.Value != value { // what is so already changes no data
				p.wishLocked(id, wish{sparkplug.Metric{Name: m.Name, Type: m.Type, Value: value}})
				return
			}
		}
	}
}

func (p *plant) wishLocked(id sparkplug.ID, w wish) {
	if _, waits := p.pending[id]; waits {
		return
	}
	p.pending[id] = w
	p.run.counts.add(Asked)
	p.sendLocked(id, w)
}

func (p *plant) controlsOf(id sparkplug.ID) []Control {
	return p.byID[nodeOf(id)].group.Controls // who is known is the fleet's
}

// stop sends no more commands, and waits for answers as long as ctx allows.
func (p *plant) stop(ctx context.Context) {
	over := context.AfterFunc(ctx, func() { p.cut(errNoRoom) })
	defer over()
	p.cancel()
	<-p.ended
	for {
		p.mu.Lock()
		left := len(p.pending)
		p.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-p.answered:
		case <-ctx.Done():
			return
		}
	}
}

// end has the nodes say goodbye, and then host and check.
func (p *plant) end(ctx context.Context, result *Result) {
	p.cut(errNoRoom)
	p.cancel()
	<-p.ended
	limit := make(chan struct{}, 256)
	var leaving sync.WaitGroup
	for _, n := range p.nodes {
		n.mu.Lock()
		node := n.node
		n.mu.Unlock()
		if node == nil {
			continue
		}
		limit <- struct{}{}
		leaving.Go(func() {
			_ = node.Close(ctx)   // then the server tells of its death
			n.lane.working.Wait() // whose readings fail now
			<-limit
		})
	}
	leaving.Wait()
	p.mu.Lock()
	p.run.counts[Unanswered].Add(int64(len(p.pending)))
	p.mu.Unlock()
	if p.host != nil {
		_ = p.host.Close(ctx) // as above
	}
	if p.checker != nil {
		_ = p.checker.Close(ctx) // it has nothing to say
		for _, n := range p.checker.Report().Messages {
			p.run.counts[Seen].Add(int64(n))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	result.Breaks = append(result.Breaks, p.breaks...)
}

// sparkplugRules are those of Sparkplug B, for Watch.
type sparkplugRules struct{ checker *sparkplug.Checker }

func newSparkplugRules(report func(Break)) *sparkplugRules {
	return &sparkplugRules{sparkplug.NewChecker(sparkplug.CheckerConfig{OnBreak: func(b sparkplug.Break) { report(fromSparkplug(b)) }})}
}

// Filters are the topics of Sparkplug B.
func (*sparkplugRules) Filters() []string { return []string{"spBv1.0/#"} }

// See looks at a message.
func (s *sparkplugRules) See(m *mqtt.Received) { s.checker.Check(m) }

// End has nothing to add.
func (*sparkplugRules) End() {}
