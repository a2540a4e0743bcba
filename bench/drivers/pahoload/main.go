// Command pahoload is a load generator of eclipse/paho.mqtt.golang (MQTT 3.1.1):
// pahoload pub|sub URL QOS SIZE CLIENTS WINDOW TOPIC, until it is killed. Each client
// has WINDOW messages under way, and waits for the oldest. In TOPIC %d is the number
// of the client.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	paho "github.com/eclipse/paho.mqtt.golang"
)

func main() {
	if err := load(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pahoload:", err)
		os.Exit(1)
	}
}

// options are the arguments.
type options struct {
	kind, url, topic    string
	qos                 byte
	size, clients, most int
}

func parse(args []string) (*options, error) {
	if len(args) != 7 {
		return nil, fmt.Errorf("%d arguments, want 7", len(args))
	}
	var numbers [4]int
	for i := range numbers {
		n, err := strconv.Atoi(args[2+i])
		if err != nil {
			return nil, err
		}
		numbers[i] = n
	}
	return &options{args[0], args[1], args[6], byte(numbers[0]), numbers[1], numbers[2], numbers[3]}, nil
}

func load(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	clients := make([]paho.Client, o.clients)
	for i := range clients {
		c := paho.NewClientOptions().AddBroker(o.url).SetClientID(fmt.Sprint("load-", i)).SetProtocolVersion(4).SetAutoReconnect(false)
		clients[i] = paho.NewClient(c)
		if err := wait(clients[i].Connect()); err != nil {
			return err
		}
	}
	failed := make(chan error, len(clients))
	for i, c := range clients {
		topic := strings.Replace(o.topic, "%d", strconv.Itoa(i+1), 1)
		if o.kind == "sub" {
			if err := wait(c.Subscribe(topic, o.qos, func(paho.Client, paho.Message) {})); err != nil {
				return err
			}
			continue
		}
		go func() { failed <- o.publish(c, topic) }()
	}
	return <-failed // subscribers run until they are killed
}

func (o *options) publish(c paho.Client, topic string) error {
	payload := make([]byte, o.size)
	under := make([]paho.Token, o.most)
	for i := 0; ; i++ {
		place := &under[i%o.most]
		if *place != nil {
			if err := wait(*place); err != nil {
				return err
			}
		}
		*place = c.Publish(topic, o.qos, false, payload)
	}
}

func wait(t paho.Token) error {
	t.Wait()
	return t.Error()
}
