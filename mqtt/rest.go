package mqtt

// recentKept is for how many searches of an idle client the destinations are kept: one that
// gets a message now and then has few topics, and finds them.
const recentKept = 2

// holdsLocked reports whether session and subscriptions have more than an idle client needs.
func (c *Client) holdsLocked() bool {
	return c.subs.searches > recentKept || c.sess != nil && c.sess.Holds()
}

// restLocked lets go of that.
func (c *Client) restLocked() {
	if c.subs.searches > recentKept {
		c.subs.recent, c.subs.searches, c.subs.matched = recent{}, 0, nil
	}
	if c.sess != nil {
		c.sess.Rest()
	}
}
