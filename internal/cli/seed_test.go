package cli_test

import (
	"net"
	"strings"
	"testing"

	"dunlin/internal/mosquitto"
)

func TestSeedExampleOnTheEmbeddedBroker(t *testing.T) {
	t.Parallel()
	script, ok := seedExample(t)
	if !ok {
		return
	}
	c := start(t, nil, "run", "--broker", "--for", "19s", writeScript(t, script))
	c.stdout.waitFor(t, "topic: /testing, message: test1\n")
	c.stop(nil)
	c.wait(t)
	want := "192.168.0.2 MQTT server opened!\n192.168.0.2 MQTT server connecting!\n" +
		"192.168.0.2 MQTT server connected!\n192.168.0.2 MQTT server subscribed!\n"
	if got := c.stdout.String(); !strings.HasPrefix(got, want) {
		t.Errorf("printed %s", got)
	}
}

func TestSeedExampleOutlivesMosquitto(t *testing.T) {
	t.Parallel()
	script, ok := seedExample(t)
	if !ok {
		return
	}
	b := mosquitto.Start(t, mosquitto.Options{})
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	const address = "'192.168.0.2', 61613"
	if strings.Count(script, address) != 1 {
		t.Fatal("the example has another address")
	}
	script = strings.Replace(script, address, "'"+host+"', "+port, 1)
	c := start(t, nil, "run", writeScript(t, script))
	c.stdout.waitFor(t, "message: test0\n")
	b.Kill()
	c.stderr.waitFor(t, "Lost broker!\n")
	c.stdout.waitFor(t, "Can not open 127.0.0.1 MQTT server!\n")
	b.Restart()
	c.stdout.waitFor(t, "message: test1\n")
	c.stop(nil)
	c.wait(t)
}
