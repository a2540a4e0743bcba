package sparkplug

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"dunlin/internal/sparkplugb"
)

// Payload is the payload of all messages but STATE, section 6.4.5.
type Payload struct {
	// Timestamp is when it was sent, to the millisecond; zero: not said.
	Timestamp time.Time
	Metrics   []Metric
	// Seq orders the messages of a node and its devices, from the birth's 0 to 255 and then 0 again. It counts where HasSeq is set:
	// deaths of nodes and commands have none.
	Seq    uint8
	HasSeq bool
	UUID   string
	Body   []byte // not used by the specification; nil: none
}

// Unmarshal reads a payload. It is strict: what breaks the format, does not fit its type, has no name and no alias, or is not
// UTF-8 is an error, which names the metric. Which messages must have which fields is the business of Checker. Nothing of b
// is kept. A payload that would take more than 64 MiB of memory, or is nested deeper than 100, is refused.
func Unmarshal(b []byte) (*Payload, error) {
	raw, err := sparkplugb.Unmarshal(b)
	if err != nil {
		return nil, fmt.Errorf("sparkplug: the payload %w", verb(err))
	}
	p, err := readPayload(raw)
	if err != nil {
		return nil, fmt.Errorf("sparkplug: the payload cannot be used: %w", err)
	}
	return p, nil
}

// verb makes what the reader says fit behind "the payload".
func verb(err error) error {
	if errors.Is(err, sparkplugb.ErrMalformed) {
		return errors.New("is no protobuf")
	}
	return err
}

// Marshal returns the payload as it is sent. All metrics need a type.
func (p *Payload) Marshal() ([]byte, error) {
	raw, err := p.write()
	if err != nil {
		return nil, fmt.Errorf("sparkplug: the payload cannot be made: %w", err)
	}
	return raw.Append(nil), nil
}

func readPayload(raw *sparkplugb.Payload) (*Payload, error) {
	p := &Payload{HasSeq: raw.Seq.Has, Seq: uint8(raw.Seq.V), UUID: raw.UUID.V, Body: raw.Body.V}
	if raw.Seq.V > 255 {
		return nil, fmt.Errorf("seq is %d, and goes to 255", raw.Seq.V)
	}
	if !utf8.ValidString(p.UUID) {
		return nil, errors.New("uuid is not UTF-8")
	}
	at, err := optionalTime(raw.Timestamp)
	if err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	p.Timestamp = at
	p.Metrics, err = readMetrics(raw.Metrics)
	return p, err
}

func optionalTime(ms sparkplugb.Opt[uint64]) (time.Time, error) {
	if !ms.Has {
		return time.Time{}, nil
	}
	at, err := toTime(ms.V)
	if err != nil {
		return time.Time{}, err
	}
	return at.(time.Time), nil
}

func writeTime(at time.Time) (sparkplugb.Opt[uint64], error) {
	if at.IsZero() {
		return sparkplugb.Opt[uint64]{}, nil
	}
	ms, err := fromTime(at)
	return sparkplugb.Some(ms), err
}

func (p *Payload) write() (*sparkplugb.Payload, error) {
	raw := &sparkplugb.Payload{UUID: textIf(p.UUID), Body: sparkplugb.Opt[[]byte]{V: p.Body, Has: p.Body != nil}}
	if p.HasSeq {
		raw.Seq = sparkplugb.Some(uint64(p.Seq))
	}
	var err error
	if raw.Timestamp, err = writeTime(p.Timestamp); err != nil {
		return nil, err
	}
	raw.Metrics, err = writeMetrics(p.Metrics)
	return raw, err
}

func readMetrics(raw []sparkplugb.Metric) ([]Metric, error) {
	all := make([]Metric, len(raw))
	for i := range raw {
		if err := readMetric(&all[i], &raw[i]); err != nil {
			return nil, fmt.Errorf("metric %d, %.200q: %w", i+1, raw[i].Name.V, err)
		}
	}
	return all, nil
}

func readMetric(m *Metric, raw *sparkplugb.Metric) (err error) {
	*m = Metric{
		Name: raw.Name.V, Alias: raw.Alias.V, HasAlias: raw.Alias.Has, Type: DataType(raw.Type.V),
		Historical: raw.Historical.V, Transient: raw.Transient.V,
	}
	switch {
	case m.Name == "" && !m.HasAlias: // [tck-id-payloads-name-requirement]
		return errors.New("it has neither a name nor an alias")
	case !utf8.ValidString(m.Name):
		return errors.New("the name is not UTF-8")
	case raw.Type.Has && !m.Type.ofMetric(): // [tck-id-payloads-metric-datatype-value]
		return fmt.Errorf("a metric cannot be of type %s", m.Type)
	}
	if m.Timestamp, err = optionalTime(raw.Timestamp); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	if raw.Metadata != nil {
		m.Metadata = readMetadata(raw.Metadata)
	}
	if raw.Properties != nil {
		if m.Properties, err = readProperties(raw.Properties); err != nil {
			return err
		}
	}
	switch {
	case raw.Null.V || raw.Value.Kind == sparkplugb.None:
	case m.Type == 0:
		m.Value, err = plain(raw.Value)
	default:
		m.Value, err = interpret(m.Type, raw.Value)
	}
	return err
}

func writeMetrics(all []Metric) ([]sparkplugb.Metric, error) {
	raw := make([]sparkplugb.Metric, len(all))
	for i := range all {
		if err := writeMetric(&raw[i], &all[i]); err != nil {
			return nil, fmt.Errorf("metric %d, %.200q: %w", i+1, all[i].Name, err)
		}
	}
	return raw, nil
}

func writeMetric(raw *sparkplugb.Metric, m *Metric) (err error) {
	switch {
	case m.Name == "" && !m.HasAlias:
		return errors.New("it has neither a name nor an alias")
	case !utf8.ValidString(m.Name):
		return errors.New("the name is not UTF-8")
	case !m.Type.ofMetric():
		return fmt.Errorf("a metric cannot be of type %s; set Type, or use NewMetric", m.Type)
	}
	*raw = sparkplugb.Metric{Name: textIf(m.Name), Alias: sparkplugb.Opt[uint64]{V: m.Alias, Has: m.HasAlias}, Type: sparkplugb.Some(uint32(m.Type))}
	if raw.Timestamp, err = writeTime(m.Timestamp); err != nil {
		return err
	}
	raw.Historical = sparkplugb.Opt[bool]{V: true, Has: m.Historical}
	raw.Transient = sparkplugb.Opt[bool]{V: true, Has: m.Transient}
	if m.Metadata != nil {
		raw.Metadata = writeMetadata(m.Metadata)
	}
	if len(m.Properties) > 0 {
		if raw.Properties, err = writeProperties(m.Properties); err != nil {
			return err
		}
	}
	if m.Value == nil {
		raw.Null = sparkplugb.Some(true)
		return nil
	}
	raw.Value, err = encode(m.Type, m.Value)
	return err
}

func readMetadata(m *sparkplugb.Metadata) *Metadata {
	return &Metadata{
		MultiPart: m.MultiPart.V, ContentType: m.ContentType.V, Size: m.Size.V, Seq: m.Seq.V,
		FileName: m.FileName.V, FileType: m.FileType.V, MD5: m.MD5.V, Description: m.Description.V,
	}
}

func writeMetadata(m *Metadata) *sparkplugb.Metadata {
	return &sparkplugb.Metadata{
		MultiPart: sparkplugb.Opt[bool]{V: true, Has: m.MultiPart}, ContentType: textIf(m.ContentType),
		Size: sparkplugb.Opt[uint64]{V: m.Size, Has: m.Size != 0}, Seq: sparkplugb.Opt[uint64]{V: m.Seq, Has: m.Seq != 0},
		FileName: textIf(m.FileName), FileType: textIf(m.FileType), MD5: textIf(m.MD5), Description: textIf(m.Description),
	}
}
