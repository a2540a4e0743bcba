package subscribe

import "strings"

// MatchesAny reports whether one of the filters matches the topic.
func MatchesAny(filters []string, topic string) bool {
	for _, filter := range filters {
		if Matches(filter, topic) {
			return true
		}
	}
	return false
}

// Matches reports whether a topic matches a filter. A wildcard at its beginning does not stand for a
// level that begins with a dollar sign [MQTT-4.7.2-1].
func Matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	for {
		if filter == "#" {
			return true
		}
		level, rest, more := strings.Cut(filter, "/")
		topicLevel, topicRest, topicMore := strings.Cut(topic, "/")
		if level != "+" && level != topicLevel {
			return false
		}
		switch {
		case !more:
			return !topicMore
		case !topicMore:
			return rest == "#" // the level above it matches, too
		}
		filter, topic = rest, topicRest
	}
}
