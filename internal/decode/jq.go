package decode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"

	"dunlin/mqtt"
)

// query is an expression of --jq, compiled.
type query struct {
	code *gojq.Code
}

// compileJQ compiles an expression. Its error names the expression, and the character at which it is wrong.
func compileJQ(expression string) (*query, error) {
	parsed, err := gojq.Parse(expression)
	if err != nil {
		return nil, wrongJQ(expression, err)
	}
	code, err := gojq.Compile(parsed, gojq.WithVariables([]string{"$topic", "$qos", "$retain", "$properties"}))
	if err != nil {
		return nil, wrongJQ(expression, err)
	}
	return &query{code: code}, nil
}

func wrongJQ(expression string, err error) error {
	var syntax *gojq.ParseError
	if errors.As(err, &syntax) { // its offset is behind what is wrong
		at := max(syntax.Offset-len(syntax.Token), 0)
		return fmt.Errorf("--jq %q: at character %d: %w", expression, len([]rune(expression[:min(at, len(expression))]))+1, err)
	}
	// What is not defined has no position; its name tells where it is.
	_, name, _ := strings.Cut(err.Error(), "not defined: ")
	name, _, _ = strings.Cut(name, "/")
	if before, _, found := strings.Cut(expression, name); found && name != "" {
		return fmt.Errorf("--jq %q: at character %d: %w", expression, len([]rune(before))+1, err)
	}
	return fmt.Errorf("--jq %q: %w", expression, err)
}

// run starts the expression for a payload, which is JSON.
func (q *query) run(ctx context.Context, value []byte, m *mqtt.Received) (*outputs, error) {
	var input any
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber() // whole numbers of any size stay exact
	if err := dec.Decode(&input); err != nil {
		return nil, err
	}
	return &outputs{q.code.RunWithContext(ctx, input, m.Topic, int(m.QoS), m.Retain, properties(m.Properties))}, nil
}

// outputs are what an expression makes of one payload, one after the other.
type outputs struct {
	iter gojq.Iter
}

// next appends the next output, as JSON or, if it is a string and raw is set, as it is. It returns false after the last one.
func (o *outputs) next(dst []byte, raw bool) ([]byte, bool, error) {
	value, ok := o.iter.Next()
	if !ok {
		return dst, false, nil
	}
	if err, failed := value.(error); failed {
		var halt *gojq.HaltError
		if errors.As(err, &halt) && halt.Value() == nil {
			return dst, false, nil // it is through with this message
		}
		return dst, false, fmt.Errorf("--jq: %w", err)
	}
	if s, isString := value.(string); isString && raw {
		return append(dst, s...), true, nil
	}
	text, err := gojq.Marshal(value)
	return appendHarmless(dst, text), true, err
}

// properties returns what $properties is: the MQTT 5 properties under the names that --json gives them.
func properties(p *mqtt.Properties) map[string]any {
	all := map[string]any{}
	if p == nil {
		return all
	}
	if p.PayloadIsText {
		all["payload-format-indicator"] = 1
	}
	if p.MessageExpiry != nil {
		all["message-expiry-interval"] = int(p.MessageExpiry.Seconds())
	}
	if p.ContentType != "" {
		all["content-type"] = p.ContentType
	}
	if p.ResponseTopic != "" {
		all["response-topic"] = p.ResponseTopic
	}
	if p.CorrelationData != nil {
		all["correlation-data"] = string(p.CorrelationData)
	}
	user := []any{}
	for _, u := range p.UserProperties {
		user = append(user, map[string]any{u.Name: u.Value})
	}
	if len(user) > 0 {
		all["user-properties"] = user
	}
	return all
}
