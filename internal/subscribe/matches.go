package subscribe

// MatchesAny reports whether one of the filters, which are valid, matches the topic.
func MatchesAny(filters []string, topic string) bool { return matchesAny(filters, topic) }
