package sparkplug

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"dunlin/internal/sparkplugb"
)

// The metrics that the specification itself names.
const (
	bdSeq   = "bdSeq"
	rebirth = "Node Control/Rebirth"
)

// points are the metrics of a node or device, in the order of its birth, with their current values.
type points struct {
	list  []Metric
	index map[string]int
}

// newPoints checks the metrics of a birth. They have been given no alias by then.
func newPoints(metrics []Metric, ofDevice bool) (points, error) {
	p := points{list: make([]Metric, 0, len(metrics)), index: make(map[string]int, len(metrics))}
	for _, m := range metrics {
		if err := p.check(&m, ofDevice); err != nil {
			return p, fmt.Errorf("metric %q: %w", m.Name, err)
		}
		p.index[m.Name] = len(p.list)
		p.list = append(p.list, m)
	}
	return p, nil
}

func (p *points) check(m *Metric, ofDevice bool) error {
	_, twice := p.index[m.Name]
	switch {
	case m.Name == "":
		return errors.New("it has no name")
	case m.HasAlias:
		return errors.New("an alias is the edge node's to give")
	case twice:
		return errors.New("there are two of that name")
	case !ofDevice && (m.Name == bdSeq || m.Name == rebirth):
		return errors.New("the edge node adds it itself")
	case ofDevice && isDefinition(m.Value): // [tck-id-payloads-template-definition-nbirth-only]
		return errors.New("only a node's birth has definitions of templates")
	}
	return writeMetric(new(sparkplugb.Metric), m)
}

func isDefinition(value any) bool {
	t, ok := value.(*Template)
	return ok && t != nil && t.Definition
}

// update sets values, and returns those metrics whose values are others than before. After an error nothing has changed.
func (p *points) update(metrics []Metric, now time.Time) ([]Metric, error) {
	var changed []Metric
	for _, m := range metrics {
		i, ok := p.index[m.Name]
		if !ok { // [tck-id-topics-nbirth-metric-reqs] [tck-id-topics-dbirth-metric-reqs]
			return nil, fmt.Errorf("metric %q is not in the birth", m.Name)
		}
		known := &p.list[i]
		if isDefinition(known.Value) {
			return nil, fmt.Errorf("metric %q is the definition of a template, which does not change", m.Name)
		}
		if m.Type != 0 && m.Type != known.Type {
			return nil, fmt.Errorf("metric %q is of type %s, not %s", m.Name, known.Type, m.Type)
		}
		m.Type, m.Alias, m.HasAlias = known.Type, known.Alias, known.HasAlias
		if m.Timestamp.IsZero() {
			m.Timestamp = now
		}
		if err := writeMetric(new(sparkplugb.Metric), &m); err != nil {
			return nil, fmt.Errorf("metric %q: %w", m.Name, err)
		}
		if m.Historical || differs(known, &m) {
			changed = append(changed, m)
		}
	}
	for i := range changed {
		p.keep(&changed[i])
	}
	return changed, nil
}

// keep makes a value the current one, unless it is an old one.
func (p *points) keep(m *Metric) {
	if m.Historical {
		return
	}
	known := &p.list[p.index[m.Name]]
	known.Value, known.Timestamp = m.Value, m.Timestamp
	if m.Properties != nil {
		known.Properties = m.Properties
	}
	if m.Metadata != nil {
		known.Metadata = m.Metadata
	}
}

// differs reports whether m says something else than what is known: another value, or other properties such as the quality.
func differs(known, m *Metric) bool {
	return !same(known.Value, m.Value) || m.Properties != nil && !reflect.DeepEqual(known.Properties, m.Properties) ||
		m.Metadata != nil && !reflect.DeepEqual(known.Metadata, m.Metadata)
}

// same reports whether two values of one type are equal. NaN is another value each time.
func same(a, b any) bool {
	if at, ok := a.(time.Time); ok {
		bt, ok := b.(time.Time)
		return ok && at.UnixMilli() == bt.UnixMilli()
	}
	return reflect.DeepEqual(a, b)
}

// explained returns those of the metrics that the birth has, with its aliases: it may be another birth than that of their time.
func (p *points) explained(metrics []Metric) (good []Metric) {
	for _, m := range metrics {
		if i, ok := p.index[m.Name]; ok && p.list[i].Type == m.Type {
			m.Alias, m.HasAlias = p.list[i].Alias, p.list[i].HasAlias
			good = append(good, m)
		}
	}
	return good
}

// birth returns all metrics as a birth has them: with name, type, alias, value and time.
func (p *points) birth(now time.Time) []sparkplugb.Metric {
	all := make([]sparkplugb.Metric, len(p.list))
	for i, m := range p.list {
		if m.Timestamp.IsZero() {
			m.Timestamp = now
		}
		_ = writeMetric(&all[i], &m) // it was checked when it was set
	}
	return all
}

// data returns metrics as data has them: without types, and with an alias or a name.
func data(metrics []Metric) []sparkplugb.Metric {
	all := make([]sparkplugb.Metric, len(metrics))
	for i := range metrics {
		_ = writeMetric(&all[i], &metrics[i])  // it was checked by update
		all[i].Type = sparkplugb.Opt[uint32]{} // [tck-id-payloads-metric-datatype-not-req]
		if metrics[i].HasAlias {
			all[i].Name = sparkplugb.Opt[string]{} // [tck-id-payloads-alias-data-cmd-requirement]
		}
	}
	return all
}

// resolve fills in names and types of what was received, by the birth. Metrics that the birth does not have, or whose
// values do not fit, are left out, and the first of them is the error.
func (p *points) resolve(metrics []Metric, byAlias func(alias uint64) (string, bool)) (good []Metric, first error) {
	for _, m := range metrics {
		fault := p.resolveOne(&m, byAlias)
		if fault == nil {
			good = append(good, m)
		} else if first == nil {
			first = fault
		}
	}
	return good, first
}

func (p *points) resolveOne(m *Metric, byAlias func(alias uint64) (string, bool)) error {
	if m.Name == "" {
		name, ok := byAlias(m.Alias)
		if !ok {
			return fmt.Errorf("alias %d is not in the birth", m.Alias)
		}
		m.Name = name
	}
	i, ok := p.index[m.Name]
	if !ok {
		return fmt.Errorf("metric %q is not in the birth", m.Name)
	}
	m.Alias, m.HasAlias = p.list[i].Alias, p.list[i].HasAlias
	typed, err := m.As(p.list[i].Type)
	*m = typed
	return err
}
