package ui

import (
	"encoding/json"
	"errors"
	"fmt"
)

// operation is something that a page can ask for.
type operation struct {
	run     func(v *viewer, with json.RawMessage) (any, error)
	changes bool // something at a broker, or what other viewers see
	long    bool // it may reckon for long
	waits   bool // it waits for a broker, or for a person's device
}

// andThen is a result, and what is done once the page has it.
type andThen struct {
	result any
	do     func()
}

// slow is what is left of an operation that came into force in its order, and may reckon for long: it is done beside the others.
type slow func() (any, error)

// errReadOnly refuses what would change something.
var errReadOnly = errors.New("this viewer is read-only; start dunlin ui without --read-only")

// operations are those of the protocol.
var operations = map[string]operation{
	"see":         {run: does((*viewer).see)},
	"open":        {run: does((*viewer).open)},
	"look":        {run: does((*viewer).look)},
	"history":     {run: does((*viewer).history), long: true},
	"read":        {run: does((*viewer).readMessage), long: true},
	"chart":       {run: does((*viewer).chart), long: true},
	"watch":       {run: does((*viewer).watchPackets)},
	"dissect":     {run: does((*viewer).dissect), long: true},
	"publish":     {run: does((*viewer).publish), changes: true, waits: true},
	"stopPublish": {run: does((*viewer).stopPublish), changes: true},
	"clear":       {run: does((*viewer).planClear), changes: true, waits: true},
	"clearNow":    {run: does((*viewer).clearNow), changes: true},
	"connect":     {run: does((*viewer).connect), changes: true},
	"disconnect":  {run: does((*viewer).disconnect), changes: true, waits: true},
	"subscribe":   {run: does((*viewer).subscribe), changes: true, waits: true},
	"unsubscribe": {run: does((*viewer).unsubscribe), changes: true, waits: true},
	"faults":      {run: does((*viewer).faults), changes: true},

	"record":        {run: does((*viewer).record), changes: true},
	"stopRecording": {run: does((*viewer).stopRecording), changes: true, waits: true},
	"files":         {run: does((*viewer).files), long: true},
	"replay":        {run: does((*viewer).replay), changes: true},
}

// does returns what reads the parameters of an operation and runs it.
func does[T any](run func(v *viewer, with *T) (any, error)) func(v *viewer, with json.RawMessage) (any, error) {
	return func(v *viewer, with json.RawMessage) (any, error) {
		var parameters T
		if len(with) > 0 {
			if err := json.Unmarshal(with, &parameters); err != nil {
				return nil, fmt.Errorf("what the page asks cannot be read: %w; reload the page", err)
			}
		}
		return run(v, &parameters)
	}
}
