package report

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// Machine says where it was measured. It names no host and no path.
type Machine struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"`
	System     string  `json:"system"`
	Go         string  `json:"go"`
	FileSystem string  `json:"fileSystem"` // of the durable works
	Rounds     int     `json:"rounds"`
	Seconds    float64 `json:"seconds"` // aimed at, a measurement
}

// ThisMachine describes the machine; dir is where durable works write.
func ThisMachine(dir string) Machine {
	m := Machine{CPU: "unknown CPU", Cores: runtime.NumCPU(), Go: runtime.Version(), FileSystem: fileSystem(dir)}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if f := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(b); f != nil {
			m.CPU = string(f[1])
		}
	}
	m.System = runtime.GOOS + "/" + runtime.GOARCH
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		release := regexp.MustCompile(`^[0-9.]*[0-9]`).FindString(string(b))
		m.System = "Linux " + release + ", " + runtime.GOARCH
	}
	return m
}

// String is one sentence.
func (m *Machine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores; %s; %s; ", m.CPU, m.Cores, m.System, m.Go)
	if m.FileSystem != "" {
		fmt.Fprintf(&b, "files on %s; ", m.FileSystem)
	}
	fmt.Fprintf(&b, "%d rounds of about %g s each.", m.Rounds, m.Seconds)
	return b.String()
}
