package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"

	"dunlin/internal/feed"
)

// Values are what a template may name. Names of clients, topics and filters are made once for each client and number of the
// topic; payloads for each message.
type Values struct {
	Client      int    // number of the client in its group
	TopicNumber int    // number of the topic, from 0 on
	N           int    // number of the message of the client's stream, from 1 on; in payloads only
	Group       string // name of the group
	ClientID    string // but not in itself
	Username    string // but not in itself and in ClientID
	Topic       string // in payloads only
}

// Run returns four letters and digits that are others in each process, so that clients of two that load the same server have names of
// their own.
func (*Values) Run() string { return processName() }

var processName = sync.OnceValue(func() string {
	const least, most = 36 * 36 * 36, 36*36*36*36 - 1 // of four digits
	return strconv.FormatUint(least+rand.Uint64N(most-least+1), 36)
})

// fields are the names of Values, as templates write them.
var fields = []string{"Client", "Run", "TopicNumber", "N", "Group", "ClientID", "Username", "Topic"}

// Template makes names and payloads. It is not for concurrent use; each goroutine parses its own. What has text and values
// only is put together without running a template.
type Template struct {
	parts []part
	slow  *template.Template // nil: parts say everything
	out   bytes.Buffer
	used  []string // names of Values
}

// part is a text, or the value of a field if field is not empty.
type part struct{ text, field string }

// ParseTemplate reads a template of a name or a payload: text with the expressions of feed.Expressions and the fields of
// Values. The same seed gives the same random values.
func ParseTemplate(text string, seed uint64) (*Template, error) {
	if !strings.Contains(text, "{{") {
		return &Template{parts: []part{{text: text}}}, nil
	}
	parsed, err := parseSlow(text, seed)
	if err != nil {
		return nil, err
	}
	t := &Template{}
	t.note(parsed.Root)
	for _, name := range t.used {
		if !slices.Contains(fields, name) {
			return nil, fmt.Errorf("there is no {{.%s}}; there are .%s", name, strings.Join(fields, ", ."))
		}
	}
	if t.split(parsed.Root) {
		return t, nil
	}
	// Running it once tells what is wrong with arguments. Its random values are not those of the run.
	try, err := parseSlow(text, 0)
	if err == nil {
		err = try.Execute(io.Discard, &Values{Client: 1, N: 1})
	}
	if err != nil {
		return nil, plain(err)
	}
	t.slow = parsed
	return t, nil
}

// parseSlow reads text as a template of text/template.
func parseSlow(text string, seed uint64) (*template.Template, error) {
	t, err := template.New("template").Funcs(feed.Functions(seed, "scenario")).Parse(text)
	if err != nil {
		return nil, plain(err)
	}
	return t, nil
}

// plain returns the error of a template without the works of the package that found it.
func plain(err error) error {
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "template: "), "template:"))
}

// note adds the names of the fields in n to used.
func (t *Template) note(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil { // as it is for an {{if}} without {{else}}
			each(t, n.Nodes)
		}
	case *parse.ActionNode:
		t.note(n.Pipe)
	case *parse.PipeNode:
		if n != nil {
			each(t, n.Cmds)
		}
	case *parse.CommandNode:
		each(t, n.Args)
	case *parse.FieldNode:
		t.used = append(t.used, n.Ident[0])
	case *parse.ChainNode:
		t.note(n.Node)
	case *parse.IfNode:
		t.branch(&n.BranchNode)
	case *parse.RangeNode:
		t.branch(&n.BranchNode)
	case *parse.WithNode:
		t.branch(&n.BranchNode)
	}
}

func each[N parse.Node](t *Template, all []N) {
	for _, n := range all {
		t.note(n)
	}
}

func (t *Template) branch(n *parse.BranchNode) {
	t.note(n.Pipe)
	t.note(n.List)
	t.note(n.ElseList)
}

// split makes parts of what is text and fields only, and says whether it is.
func (t *Template) split(root *parse.ListNode) bool {
	var parts []part
	for _, n := range root.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			parts = append(parts, part{text: string(n.Text)})
		case *parse.ActionNode:
			field, ok := onlyField(n.Pipe)
			if !ok {
				return false
			}
			parts = append(parts, part{field: field})
		default:
			return false
		}
	}
	t.parts = parts
	return true
}

// onlyField returns the name of the field that is all that a pipeline has.
func onlyField(p *parse.PipeNode) (string, bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return "", false
	}
	field, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(field.Ident) != 1 {
		return "", false
	}
	return field.Ident[0], true
}

// Constant says that the template always gives the same.
func (t *Template) Constant() bool { return t.slow == nil && len(t.used) == 0 }

// Uses says whether the template names a field of Values.
func (t *Template) Uses(field string) bool { return slices.Contains(t.used, field) }

// Append appends what the template makes of v. An error comes from functions only, such as {{div 1 0}}.
func (t *Template) Append(b []byte, v *Values) ([]byte, error) {
	if t.slow != nil {
		t.out.Reset()
		if err := t.slow.Execute(&t.out, v); err != nil {
			return b, plain(err)
		}
		return append(b, t.out.Bytes()...), nil
	}
	for i := range t.parts {
		b = t.parts[i].append(b, v)
	}
	return b, nil
}

func (p *part) append(b []byte, v *Values) []byte {
	switch p.field {
	case "":
		return append(b, p.text...)
	case "Client":
		return strconv.AppendInt(b, int64(v.Client), 10)
	case "TopicNumber":
		return strconv.AppendInt(b, int64(v.TopicNumber), 10)
	case "N":
		return strconv.AppendInt(b, int64(v.N), 10)
	case "Run":
		return append(b, v.Run()...)
	case "Group":
		return append(b, v.Group...)
	case "ClientID":
		return append(b, v.ClientID...)
	case "Username":
		return append(b, v.Username...)
	default:
		return append(b, v.Topic...)
	}
}

// letters are the short forms in names, which other load generators have, too.
var letters = strings.NewReplacer("%%", "%", "%i", "{{.Client}}", "%t", "{{.TopicNumber}}", "%c", "{{.ClientID}}", "%u", "{{.Username}}")

// Name returns the template that a name as people write it means: %i, %t, %c and %u stand for the number of the client, that of
// the topic, the client identifier and the user name, and %% for a per cent sign.
func Name(text string) string { return letters.Replace(text) }
