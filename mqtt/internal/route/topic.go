// Package route knows topic names and topic filters: which are well formed, which
// filter matches which topic, and how to find all filters that match one topic.
//
// Nothing in it is recursive and nothing takes longer than the length of its input
// allows, so a topic of 65,535 slashes is as harmless as any other.
package route

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxLength is the longest string that MQTT can carry (MQTT 5 section 1.5.4).
const maxLength = 65535

// ValidateTopic returns an error that says why topic is no topic name that can be
// published to, nil when it is one.
func ValidateTopic(topic string) error {
	if err := validateText("topic", topic); err != nil {
		return err
	}
	if i := strings.IndexAny(topic, "+#"); i >= 0 {
		// [MQTT-3.3.2-2], [MQTT-4.7.1-1] of 3.1.1, [MQTT-4.7.0-1] of 5
		return fmt.Errorf("topic %s holds the wildcard %q at byte %d: a message has one exact topic", Quote(topic), topic[i], i)
	}
	return nil
}

// ValidateFilter returns an error that says why filter is no topic filter that can be
// subscribed to, nil when it is one. The forms $share/GROUP/FILTER and $queue/FILTER are
// checked in all their parts.
func ValidateFilter(filter string) error {
	if err := validateText("topic filter", filter); err != nil {
		return err
	}
	rest, err := validateShare(filter)
	if err != nil {
		return err
	}
	return validateLevels(filter, rest)
}

// validateText checks what topics and filters have in common: [MQTT-4.7.3-1] at least
// one character, [MQTT-4.7.3-2] no U+0000, [MQTT-4.7.3-3] at most 65,535 bytes.
func validateText(what, s string) error {
	if s == "" {
		return errors.New(what + " is empty: it needs at least one character")
	}
	if len(s) > maxLength {
		return fmt.Errorf("%s %s is %d bytes long: 65535 are allowed", what, Quote(s), len(s))
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		return fmt.Errorf("%s %s holds U+0000 at byte %d: MQTT forbids it", what, Quote(s), i)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %s is not well-formed UTF-8", what, Quote(s))
	}
	return nil
}

// validateShare checks the part in front of a shared subscription's filter and returns
// that filter, or the whole when it is not shared.
func validateShare(filter string) (rest string, err error) {
	if rest, ok := strings.CutPrefix(filter, "$queue/"); ok {
		if rest == "" {
			return "", fmt.Errorf("topic filter %s has no filter after $queue/", Quote(filter))
		}
		return rest, nil
	}
	tail, ok := strings.CutPrefix(filter, "$share/")
	if !ok {
		return filter, nil
	}
	group, rest, ok := strings.Cut(tail, "/")
	switch {
	case group == "": // [MQTT-4.8.2-1]
		return "", fmt.Errorf("topic filter %s has an empty group name: write $share/GROUP/FILTER", Quote(filter))
	case strings.ContainsAny(group, "+#"): // [MQTT-4.8.2-2]
		return "", fmt.Errorf("topic filter %s has a wildcard in its group name %s", Quote(filter), Quote(group))
	case !ok || rest == "": // [MQTT-4.8.2-2]
		return "", fmt.Errorf("topic filter %s has no filter after its group name: write $share/GROUP/FILTER", Quote(filter))
	}
	return rest, nil
}

// validateLevels checks that each wildcard is a level of its own and that '#' is the last
// one: [MQTT-4.7.1-1] and [MQTT-4.7.1-2] of 5, [MQTT-4.7.1-2] and [MQTT-4.7.1-3] of 3.1.1.
func validateLevels(filter, rest string) error {
	for more := true; more; {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		i := strings.IndexAny(level, "+#")
		switch {
		case i < 0:
		case len(level) > 1:
			return fmt.Errorf("topic filter %s has the wildcard %q inside the level %s: it must be a level of its own",
				Quote(filter), level[i], Quote(level))
		case level == "#" && more:
			return fmt.Errorf("topic filter %s goes on after '#': it must be the last level", Quote(filter))
		}
	}
	return nil
}

// Quote makes s fit for one line of an error, long ones shortened.
func Quote(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%q... (%d bytes)", strings.ToValidUTF8(s[:most], ""), len(s))
	}
	return fmt.Sprintf("%q", s)
}

// SplitShare takes a shared subscription apart: $share/GROUP/FILTER, or $queue/FILTER,
// whose group is "". ok is false, and rest is the whole filter, when it is not shared
// or not complete.
func SplitShare(filter string) (group, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(filter, "$queue/"); ok && rest != "" {
		return "", rest, true
	}
	tail, ok := strings.CutPrefix(filter, "$share/")
	if !ok {
		return "", filter, false
	}
	group, rest, ok = strings.Cut(tail, "/")
	if !ok || group == "" || rest == "" {
		return "", filter, false
	}
	return group, rest, true
}

// Match reports whether a message of this topic belongs to a subscription of this
// filter. A shared filter matches as the filter inside it does. Both must be well
// formed, as ValidateTopic and ValidateFilter say. It takes time linear in their
// length and allocates nothing.
func Match(filter, topic string) bool {
	_, filter, _ = SplitShare(filter)
	if hidden(topic) && startsWild(filter) {
		return false
	}
	for {
		level, rest, more := strings.Cut(filter, "/")
		if level == "#" {
			return true
		}
		name, tail, deeper := strings.Cut(topic, "/")
		if level != "+" && level != name {
			return false
		}
		switch {
		case more && deeper:
			filter, topic = rest, tail
		case more:
			// MQTT 5 section 4.7.1.2: "sport/#" also matches "sport".
			return rest == "#"
		default:
			return !deeper
		}
	}
}

// hidden reports whether a topic is out of reach of filters that start with a wildcard
// [MQTT-4.7.2-1].
func hidden(topic string) bool { return topic != "" && topic[0] == '$' }

func startsWild(filter string) bool {
	return filter != "" && (filter[0] == '+' || filter[0] == '#')
}
