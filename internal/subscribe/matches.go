package subscribe

// Matches reports whether one of the filters, which are valid, matches the topic.
func Matches(filters []string, topic string) bool { return matchesAny(filters, topic) }
