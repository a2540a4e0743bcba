package interop

import (
	"errors"
	"os/exec"
	"sync"
	"testing"

	"dunlin/internal/testserver"
)

// rabbitMQ is the one RabbitMQ of the run: its start takes some ten seconds, so all
// cases share it.
var rabbitMQ struct {
	once    sync.Once
	process *testserver.Process
	mqtt    string // its ports
	web     string
	err     error

	ready sync.Once
}

// portTaken is the status of rabbitmq.sh when somebody else has taken one of the ports.
const portTaken = 75

// launchRabbitMQ has it start, and does not wait for it.
func launchRabbitMQ() {
	rabbitMQ.once.Do(func() { rabbitMQ.err = launchRabbitMQNow() })
}

func launchRabbitMQNow() error {
	if err := checkRabbitMQ(); err != nil {
		return err
	}
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	rabbitMQ.mqtt, rabbitMQ.web = ports[0], ports[1]
	rabbitMQ.process, err = testserver.Launch(exec.Command("./rabbitmq.sh", ports...))
	return err
}

// checkRabbitMQ tells whether it is here.
func checkRabbitMQ() error {
	_, err := testserver.RabbitMQ()
	return err
}

// awaitRabbitMQ returns when it serves.
func awaitRabbitMQ(t *testing.T) {
	launchRabbitMQ()
	rabbitMQ.ready.Do(func() {
		for range 5 {
			if rabbitMQ.err != nil || !portWasTaken() {
				return
			}
			rabbitMQ.err = launchRabbitMQNow()
		}
	})
	if rabbitMQ.err != nil {
		t.Fatal(rabbitMQ.err)
	}
}

// portWasTaken waits for the start and tells whether it failed for want of a port, which
// others may take between the choice and the start.
func portWasTaken() bool {
	_, rabbitMQ.err = rabbitMQ.process.Line()
	if rabbitMQ.err == nil {
		return false
	}
	ended := rabbitMQ.process.End()
	rabbitMQ.process = nil
	var exit *exec.ExitError
	return errors.As(ended, &exit) && exit.ExitCode() == portTaken
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
	return rabbitMQ.process.End()
}
