package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// rabbitMQ is the one RabbitMQ of the run: its start takes some ten seconds, so all
// cases share it.
var rabbitMQ struct {
	once    sync.Once
	process *process
	folder  string
	mqtt    string // its ports
	web     string
	err     error

	ready    sync.Once
	notReady error
}

// rabbitMQVersion is the one that the suite knows, of Debian 12.
const rabbitMQVersion = "3.10."

const otherRabbitMQ = `rabbitmq: %s is installed, and the suite knows %sx of Debian 12 only, where ` + "`make test`" + ` installs it; run the suite in a container of Debian 12`

// launchRabbitMQ has it start, and does not wait for it.
func launchRabbitMQ() {
	rabbitMQ.once.Do(func() { rabbitMQ.err = launchRabbitMQNow() })
}

func launchRabbitMQNow() error {
	if err := checkRabbitMQ(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "interop-rabbitmq-")
	if err != nil {
		return err
	}
	rabbitMQ.folder = folder
	ports := make([]string, 4)
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	rabbitMQ.mqtt, rabbitMQ.web = ports[0], ports[1]
	rabbitMQ.process, err = launch(exec.Command("./rabbitmq.sh", append([]string{folder}, ports...)...))
	return err
}

// checkRabbitMQ finds the installed or unpacked one.
func checkRabbitMQ() error {
	for _, root := range []string{"/", "../.tools/rabbitmq/"} {
		found, err := filepath.Glob(root + "usr/lib/rabbitmq/lib/rabbitmq_server-*")
		if err != nil {
			return err
		}
		for _, folder := range found {
			_, version, _ := strings.Cut(filepath.Base(folder), "-")
			if !strings.HasPrefix(version, rabbitMQVersion) {
				return fmt.Errorf(otherRabbitMQ, version, rabbitMQVersion)
			}
			return nil
		}
	}
	return errors.New("rabbitmq: not there; run `make test`, which gets it on Debian 12; elsewhere run the suite " +
		"in a container of Debian 12")
}

// awaitRabbitMQ returns when it serves.
func awaitRabbitMQ(t *testing.T) {
	launchRabbitMQ()
	rabbitMQ.ready.Do(func() {
		if rabbitMQ.notReady = rabbitMQ.err; rabbitMQ.err == nil {
			_, rabbitMQ.notReady = rabbitMQ.process.line()
		}
	})
	if rabbitMQ.notReady != nil {
		t.Fatal(rabbitMQ.notReady)
	}
}

func startRabbitMQ(t *testing.T) string {
	awaitRabbitMQ(t)
	return local("mqtt", rabbitMQ.mqtt)
}

func startRabbitMQWebSocket(t *testing.T) string {
	awaitRabbitMQ(t)
	return local("ws", rabbitMQ.web) + "/ws"
}

// endRabbitMQ ends it, at the end of the run.
func endRabbitMQ() error {
	if rabbitMQ.process == nil {
		return nil
	}
	err := rabbitMQ.process.end()
	if removed := os.RemoveAll(rabbitMQ.folder); err == nil {
		err = removed
	}
	return err
}
