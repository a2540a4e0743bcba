package decode

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

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
	bounds, err := gojq.Parse(boundedReaders)
	if err != nil {
		return nil, err
	}
	parsed.FuncDefs = append(bounds.FuncDefs, parsed.FuncDefs...)
	code, err := gojq.Compile(parsed, gojq.WithVariables([]string{"$topic", "$qos", "$retain", "$properties"}),
		gojq.WithFunction("_bounded", 0, 0, func(value any, _ []any) any {
			if text, isString := value.(string); isString {
				if err := checkDigits(text); err != nil {
					return err
				}
			}
			return value
		}))
	if err != nil {
		return nil, wrongJQ(expression, err)
	}
	return &query{code: code}, nil
}

// maxDigits is how many digits a number may have: arithmetic with a longer one takes longer than a query may, and gojq
// cannot be called away from it.
const maxDigits = 1024

// boundedReaders are what makes numbers of text within an expression, for texts whose numbers are not too long.
const boundedReaders = `def _tonumber: tonumber; def tonumber: _bounded | _tonumber;
def _fromjson: fromjson; def fromjson: _bounded | _fromjson; .`

// checkDigits returns an error for a text, JSON or a number, that has a number of more than maxDigits digits.
func checkDigits[T string | []byte](text T) error {
	digits, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString, digits = !inString, 0
		case inString:
			if c == '\\' {
				i++
			}
		case c >= '0' && c <= '9':
			if digits++; digits > maxDigits {
				return fmt.Errorf("a number has more than %d digits, too many to calculate with", maxDigits)
			}
		default:
			digits = 0
		}
	}
	return nil
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
	if err := checkDigits(value); err != nil {
		return nil, fmt.Errorf("--jq: %w", err)
	}
	var input any
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber() // whole numbers of any size stay exact
	if err := dec.Decode(&input); err != nil {
		return nil, err
	}
	return &outputs{q.code.RunWithContext(ctx, input, m.Topic, int(m.QoS), m.Retain, properties(m))}, nil
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
func properties(m *mqtt.Received) map[string]any {
	all := map[string]any{}
	p := m.Properties
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
	switch {
	case p.CorrelationData == nil:
	case utf8.Valid(p.CorrelationData):
		all["correlation-data"] = string(p.CorrelationData)
	default:
		all["correlation-data_base64"] = base64.StdEncoding.EncodeToString(p.CorrelationData)
	}
	user := []any{}
	for _, u := range p.UserProperties {
		user = append(user, map[string]any{u.Name: u.Value})
	}
	if len(user) > 0 {
		all["user-properties"] = user
	}
	addSubscriptions(all, m.SubscriptionIDs())
	return all
}

// addSubscriptions adds the identifier of the subscription, or all of them besides.
func addSubscriptions(all map[string]any, ids []uint32) {
	if len(ids) > 0 {
		all["subscription-identifier"] = int(ids[0])
	}
	if len(ids) > 1 {
		list := make([]any, len(ids))
		for i, id := range ids {
			list[i] = int(id)
		}
		all["subscription-identifiers"] = list
	}
}
