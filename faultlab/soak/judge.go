package soak

import (
	"dunlin/faultlab/internal/ledger"
)

// stuck returns how many messages the subscriber's handler is through with and the
// subscriber has not acknowledged, though it is connected again and again and nothing
// moves any more.
func (s *soak) stuck() (stuck int) {
	for _, m := range s.server.Unacknowledged(subscriberID) {
		if n, ok := ledger.ParsePayload(m.Payload); ok && (n.Stream() == probes || s.routed.Arrived(n)) {
			stuck++
		}
	}
	return stuck
}

// judge says what was lost and what came twice.
func (s *soak) judge(stuck int) {
	sent, routed, seen := s.sent.Counts(), s.routed.Counts(), s.server.Counts()
	for name, n := range map[string]int{
		"accepted": max(sent.Accepted, routed.Accepted), "arrived": sent.Arrived, "delivered": routed.Arrived, "lost": sent.Lost + routed.Lost,
		"duplicated_qos2": sent.Duplicated + routed.Duplicated, "repeated_qos1": sent.Repeated + routed.Repeated,
		"wrong": sent.Wrong + routed.Wrong + int(s.wrong.Load()), "refused_offline": int(s.offline.Load()),
		"qos0_sent": int(s.zeroSent.Load()), "qos0_arrived": int(s.zeroCame.Load()), "failed": int(s.failed.Load()),
		"outcomes_missing": int(s.begun.Load() - s.ended.Load()), "drops": seen.Drops, "kills": int(s.kills.Load()),
		"links": seen.Links, "violations": seen.Violated, "connects_refused": seen.Refused,
		"stuck_acknowledgements": stuck, "acknowledged_early": int(s.unseen.Load()), "refused": int(s.refused.Load()),
	} {
		s.result.Count(name, n)
		switch name {
		case "duplicated_qos2", "wrong", "failed", "outcomes_missing", "violations", "stuck_acknowledgements", "acknowledged_early", "refused":
			if n > 0 {
				s.result.Fail("%s: %d", name, n)
			}
		}
	}
	s.judgeLost(sent.Lost + routed.Lost)
	for _, v := range seen.Violations {
		s.result.Fail("%s", v)
	}
}

// judgeLost fails when messages were lost, if it is known that no other server
// lost them: Mosquitto 2.0.11 acknowledges and forgets some of QoS 1.
func (s *soak) judgeLost(lost int) {
	if lost == 0 || !s.server.Witness() {
		return
	}
	s.result.Fail("lost: %d", lost)
	for _, n := range append(s.sent.Missing(3), s.routed.Missing(3)...) {
		s.result.Fail("message %d of QoS %d did not come", n.Index(), n.Index()%3)
	}
}
