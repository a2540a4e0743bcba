package report

import (
	"encoding/json"
	"os"
)

// Loads is what load generators did side by side, as it is kept in a file.
type Loads struct {
	Machine    Machine     `json:"machine"`
	Mosquitto  string      `json:"mosquitto"` // version
	Generators []Version   `json:"generators"`
	Works      []LoadWork  `json:"works"`
	Cells      []LoadCell  `json:"cells"`
	Idle       LoadIdle    `json:"idle"`
	Paced      []LoadPaced `json:"paced"`
}

// LoadWork is a load that every generator makes.
type LoadWork struct {
	Name      string `json:"name"`
	What      string `json:"what"`
	QoS       byte   `json:"qos"`
	Size      int    `json:"size"`
	Subscribe bool   `json:"subscribe"` // the generator receives
}

// The servers that are loaded.
const (
	TargetMosquitto = "Mosquitto"
	TargetOwn       = "the bench's server"
)

// LoadCell is what one generator did in one work at one server.
type LoadCell struct {
	Target    string       `json:"target"`
	Work      string       `json:"work"`
	Generator string       `json:"generator"`
	Samples   []LoadSample `json:"samples"` // one a round
	Fault     string       `json:"fault,omitempty"`
}

// LoadSample is one measurement, as the server counted it and the system saw the processes.
type LoadSample struct {
	Messages  int64   `json:"messages"`
	Seconds   float64 `json:"seconds"`
	CPU       float64 `json:"cpu"`       // seconds of the generator
	ServerCPU float64 `json:"serverCPU"` // seconds of the server
	Peak      int64   `json:"peak"`      // bytes of the generator
}

// Rate is messages a second.
func (s *LoadSample) Rate() float64 { return float64(s.Messages) / s.Seconds }

// Cost is microseconds of the processor a message.
func (s *LoadSample) Cost() float64 { return s.CPU * 1e6 / float64(max(s.Messages, 1)) }

// LoadIdle is what clients take that only connect.
type LoadIdle struct {
	Clients int64 `json:"clients"`
	Peak    int64 `json:"peak"` // bytes of the process
}

// Percents are those of LoadPaced.
var Percents = [...]float64{50, 90, 99, 99.9, 99.99, 100}

// LoadPaced is a load at a rate.
type LoadPaced struct {
	Mode      string                 `json:"mode"`
	Messages  int64                  `json:"messages"`
	Rate      float64                `json:"rate"`
	CPU       float64                `json:"cpu"`
	Late      float64                `json:"late"`      // seconds, on average
	Latencies [len(Percents)]float64 `json:"latencies"` // seconds, of Percents
}

// Add adds a measurement, or what went wrong with it.
func (l *Loads) Add(target, work, generator string, s LoadSample, fault error) {
	c := l.cell(target, work, generator)
	if c == nil {
		l.Cells = append(l.Cells, LoadCell{Target: target, Work: work, Generator: generator})
		c = &l.Cells[len(l.Cells)-1]
	}
	if fault != nil {
		c.Fault = fault.Error()
		return
	}
	c.Samples = append(c.Samples, s)
}

func (l *Loads) cell(target, work, generator string) *LoadCell {
	for i := range l.Cells {
		if c := &l.Cells[i]; c.Target == target && c.Work == work && c.Generator == generator {
			return c
		}
	}
	return nil
}

// good returns a cell that counts, or nil: a generator that failed in one round has no figure.
func (l *Loads) good(target, work, generator string) *LoadCell {
	if c := l.cell(target, work, generator); c != nil && c.Fault == "" && len(c.Samples) > 0 {
		return c
	}
	return nil
}

// median returns the median of f over the rounds.
func (c *LoadCell) median(f func(*LoadSample) float64) float64 {
	all := make([]float64, len(c.Samples))
	for i := range c.Samples {
		all[i] = f(&c.Samples[i])
	}
	return median(all)
}

// Faults returns what went wrong, a line for each cell.
func (l *Loads) Faults() []string {
	var all []string
	for i := range l.Cells {
		if c := &l.Cells[i]; c.Fault != "" {
			all = append(all, c.Generator+", "+c.Work+" at "+c.Target+": "+c.Fault)
		}
	}
	return all
}

// Save writes l to a file.
func (l *Loads) Save(file string) error {
	b, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

// LoadLoads reads what Save has written.
func LoadLoads(file string) (*Loads, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	l := &Loads{}
	return l, json.Unmarshal(b, l)
}
