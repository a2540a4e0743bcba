package cli_test

import (
	"strings"
	"testing"

	"dunlin/internal/cli"
	"dunlin/internal/mosquitto"
)

// In MQTT 3.1 each client names itself: so do the fleet's service and its check, beside the devices.
func TestFleetOfMQTT31(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	for _, name := range []string{"greenhouse", "plant"} {
		f := start(t, nil, "fleet", "-p", portOf(t, b.Addr()), "-V", "3.1", name, "--clients", "2", "--duration", "10s", "--ramp", "10ms", "--speed", "10", "--check")
		if status := f.wait(t); status != cli.ExitOK || f.stderr.String() != "" {
			t.Errorf("%s: status %d, stdout %q, stderr %q", name, status, f.stdout.String(), f.stderr.String())
		}
	}
}

// What a fleet does not take is said, and not what it would need besides.
func TestWhatIsNotForAFleet(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"-c", "-ix", "-x1"} {
		f := start(t, nil, "fleet", "greenhouse", option)
		if status := f.wait(t); status != cli.ExitUsage || !strings.Contains(f.stderr.String(), option[:2]+" is not for a fleet") {
			t.Errorf("%s: status %d, stderr %q", option, status, f.stderr.String())
		}
	}
}
