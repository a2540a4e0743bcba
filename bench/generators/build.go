package generators

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"dunlin/bench/measure"
	"dunlin/bench/report"
	"dunlin/bench/work"
)

// Ours is the name of dunlin bench.
const Ours = "dunlin"

// Build makes the generators, whose programs are kept in the folder out. What the machine cannot have is left out, with a
// line that says so. source is the bench folder.
func Build(ctx context.Context, source, out string, log func(format string, args ...any)) ([]Generator, error) {
	all, err := native(ctx, source, out)
	if err != nil {
		return nil, err
	}
	scripts, err := mqttjs(ctx, source, out, log)
	if err != nil {
		return nil, err
	}
	return append(append(all, scripts...), mosquittoClients(ctx, log)...), nil
}

// native makes the generators that need nothing but Go.
func native(ctx context.Context, source, out string) ([]Generator, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	dunlin, paho := Program(out), filepath.Join(out, "pahoload")
	if err := goBuild(ctx, filepath.Dir(source), dunlin, "./cmd/dunlin"); err != nil {
		return nil, err
	}
	if err := goBuild(ctx, source, paho, "./drivers/pahoload"); err != nil {
		return nil, err
	}
	return []Generator{
		{Version: report.Version{Name: Ours, Title: "dunlin bench"}, commands: one(func(t *task) []string { return t.dunlin(dunlin) })},
		{
			Version:  report.Version{Name: "paho", Title: "paho.mqtt.golang", Version: moduleVersion(paho, "github.com/eclipse/paho.mqtt.golang")},
			commands: one(func(t *task) []string { return t.driver(paho) }),
		},
	}, nil
}

// Program is where Build puts the program dunlin.
func Program(out string) string { return filepath.Join(out, "dunlin") }

// one makes a generator of one process.
func one(command func(*task) []string) func(*task) [][]string {
	return func(t *task) [][]string { return [][]string{command(t)} }
}

func goBuild(ctx context.Context, dir, program, source string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, source)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, out)
	}
	return nil
}

// mqttjs makes the generators of MQTT.js, in the folder that the other measurements have installed it in.
func mqttjs(ctx context.Context, source, out string, log func(string, ...any)) ([]Generator, error) {
	b := measure.Builder{Source: source, Out: out, Log: log}
	drivers, err := b.Build(ctx, []work.Client{{Name: work.MQTTjs, Title: "MQTT.js"}})
	if err != nil || len(drivers) == 0 {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(source, "drivers/mqttjs/load.js"))
	if err != nil {
		return nil, err
	}
	script := filepath.Join(out, "mqttjs", "load.js")
	if err := os.WriteFile(script, text, 0o644); err != nil {
		return nil, err
	}
	paced := func(name, title, pace string) Generator {
		return Generator{
			Version:  report.Version{Name: name, Title: title, Version: drivers[0].Version},
			commands: one(func(t *task) []string { return t.driver("node", script, pace) }),
		}
	}
	return []Generator{
		paced("mqttjs", "MQTT.js", "window"),
		paced("mqttx", "MQTT.js by timers, as MQTTX CLI", "timer"),
	}, nil
}

// mosquittoClients makes the generator of mosquitto_pub and mosquitto_sub, a process for each client.
func mosquittoClients(ctx context.Context, log func(string, ...any)) []Generator {
	said, err := exec.CommandContext(ctx, "mosquitto_pub", "--version").Output()
	if err != nil && len(said) == 0 {
		log("without mosquitto_pub: %v", err)
		return nil
	}
	return []Generator{{
		Version: report.Version{Name: "mosquitto", Title: "mosquitto_pub, mosquitto_sub", Version: version(said)},
		lines:   true,
		commands: func(t *task) [][]string {
			all := make([][]string, Clients)
			for i := range all {
				all[i] = t.mosquitto(i + 1)
			}
			return all
		},
	}}
}

var digits = regexp.MustCompile(`\d+\.\d+\.\d+`)

// version finds the version in what a program says.
func version(said []byte) string { return string(digits.Find(said)) }

// moduleVersion returns the version of a module in a program.
func moduleVersion(program, module string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return ""
	}
	for _, d := range info.Deps {
		if d.Path == module {
			return strings.TrimPrefix(d.Version, "v")
		}
	}
	return ""
}
