package mutants

// checks are the commands that have to notice. Each passes on the sound tree.
var checks = map[string]check{
	"wire":            {".", []string{"go", "test", "-count=1", "./mqtt/internal/wire"}},
	"session":         {".", []string{"go", "test", "-count=1", "./mqtt/internal/session/..."}},
	"disk":            {".", []string{"go", "test", "-count=1", "./mqtt/store/disk"}},
	"dial":            {".", []string{"go", "test", "-count=1", "./mqtt/dial"}},
	"scripts":         {".", []string{"go", "test", "-count=1", "./jsre/module/mqtt"}},
	"cut":             {"faultlab", []string{"go", "test", "-count=1", "-failfast", "-timeout=3m", "./cut"}},
	"storm":           {"faultlab", []string{"go", "test", "-count=1", "-run", "FakeTime", "./storm"}},
	"kill9 publish":   {"faultlab", []string{"go", "run", ".", "kill9", "-kills", "80", "-early", "-seed", "1", "-drain", "5s", "-qos", "2", "-side", "publish"}},
	"kill9 subscribe": {"faultlab", []string{"go", "run", ".", "kill9", "-kills", "80", "-early", "-seed", "1", "-drain", "5s", "-side", "subscribe"}},
}

// The files that mutants change most.
const (
	fileRules     = "mqtt/internal/life/rules.go"
	fileInbound   = "mqtt/internal/session/inbound.go"
	filePublish   = "mqtt/internal/session/publish.go"
	fileRecord    = "mqtt/internal/session/record.go"
	fileRepeats   = "mqtt/internal/session/repeats.go"
	fileResume    = "mqtt/internal/session/resume.go"
	fileSession   = "mqtt/internal/session/session.go"
	fileStaging   = "mqtt/internal/session/staging.go"
	fileReconnect = "mqtt/reconnect.go"
	fileAppend    = "mqtt/store/disk/append.go"
)

// all are the mutants.
var all = []mutant{
	{
		name: "PUBREL not saved", rule: "after PUBREC a later process sends PUBREL, never PUBLISH",
		edits: []edit{{filePublish, "\t\ts.drop(e)\n\t\tif s.cfg.Save {", "\t\ts.drop(e)\n\t\tif false {"}},
		check: "kill9 publish",
	},
	{
		name: "PUBREL before it is saved", rule: "PUBREL is saved before it is sent",
		edits: []edit{{filePublish, "\tif e.saving {\n\t\treturn dst\n\t}\n\treturn s.sendRelease(dst, e)", "\treturn s.sendRelease(dst, e)"}},
		check: "session", quick: true,
	},
	{
		name: "long answer", rule: "an acknowledgement leaves however much leaves with it",
		edits: []edit{{fileInbound, "\ts.in.open--\n\tif r.verdict == skipped {", "\ts.in.open--\n\tif r.verdict == skipped || len(dst) > 80 {"}},
		check: "session", quick: true,
	},
	{
		name: "identifier not saved", rule: "the identifier is saved before the PUBLISH is sent",
		edits: []edit{{filePublish, "\ts.occupy(e)\n\tif s.cfg.Save {\n\t\ts.stageFlow(e)", "\ts.occupy(e)\n\tif false {\n\t\ts.stageFlow(e)"}},
		check: "kill9 publish",
	},
	{
		name: "end not saved", rule: "a message that is complete is forgotten by the store",
		edits: []edit{{fileStaging, "\tif e.onRecord {\n", "\tif false {\n"}},
		tests: "TestRestart|TestKilledBehindEachCommit", quick: true,
	},
	{
		name: "order from 0", rule: "the order of acceptance goes on after a restart",
		edits: []edit{{fileRecord, "\t\tl.s.orders = max(l.s.orders, order) // a key", "\t\t// a key"}},
		check: "kill9 publish",
	},
	{
		name: "loaded as new", rule: "what an earlier process may have sent has DUP",
		edits: []edit{{fileRecord, "order: order, again: true,", "order: order,"}},
		check: "kill9 publish",
	},
	{
		name: "order of files", rule: "messages of an earlier process go out in the order in which they were accepted",
		edits: []edit{{fileRecord, "int { return cmp.Compare(a.order, b.order) })", "int { return cmp.Compare(b.order, a.order) })"}},
		check: "session", quick: true,
	},
	{
		name: "sequence from 0", rule: "sequence numbers of received messages go on after a restart",
		edits: []edit{{fileRepeats, "\tin.lastSequence = max(in.lastSequence, n)\n", ""}},
		check: "kill9 subscribe",
	},
	{
		name: "inbound identifier not saved", rule: "the identifier of a received QoS 2 message is on record before a handler sees it",
		edits: []edit{{fileInbound, "\t\ts.stageChange(keyInbound|uint64(id), f.inboundRecord(), step{})\n\t}\n\treturn f.sequence", "\t}\n\treturn f.sequence"}},
		check: "kill9 subscribe",
	},
	{
		name: "ack before handler", rule: "a message is acknowledged when its handlers are through",
		edits: []edit{{"mqtt/receive.go", "m *Received, deferred bool) {\n", "m *Received, deferred bool) {\n\tif m.seq != 0 {\n\t\tc.send.buf, _ = c.sess.Ack(c.send.buf, m.seq, wire.Success)\n\t}\n"}},
		check: "kill9 subscribe",
	},
	{
		name: "PUBREC before it is saved", rule: "PUBREC is sent once what came before is saved",
		edits: []edit{{fileInbound, "\tif s.staging.steps > 0 {\n\t\ts.stage(nil, step{ack: a})", "\tif false {\n\t\ts.stage(nil, step{ack: a})"}},
		check: "session", quick: true,
	},
	{
		name: "no dedupe", rule: "a QoS 2 message is delivered once, however often it comes before PUBREL",
		edits: []edit{{fileInbound, "\tf := s.repeated(p, digest)\n", "\tvar f *inboundFlow\n"}},
		check: "cut",
	},
	{
		name: "identifier trusted", rule: "another message under a known identifier is no repeat",
		edits: []edit{{fileRepeats, "f.digest == digest && ", ""}},
		check: "session", quick: true,
	},
	{
		name: "torn removal left", rule: "what a removal that was saved in part has left is removed",
		edits: []edit{{fileRecord, "\t\tl.s.stageChange(key, nil, step{})\n", "\t\t_ = key\n"}},
		check: "session", quick: true,
	},
	{
		name: "no DUP", rule: "a PUBLISH that may have been sent before has DUP",
		edits: []edit{{filePublish, "\tif e.again && !e.anew {\n\t\tdst[at] |= dupFlag\n\t}\n", ""}},
		check: "cut",
	},
	{
		name: "half a packet", rule: "nothing of a lost connection goes out on the next",
		edits: []edit{{"mqtt/sender.go", "\ts.buf, s.writing, s.waiters = nil, nil, nil\n", "\ts.writing, s.waiters = nil, nil\n"}},
		check: "cut",
	},
	{
		name: "silence unnoticed", rule: "a link on which no answer to PINGREQ comes is dead",
		edits: []edit{{"mqtt/internal/session/keepalive.go", "\t\treturn dst, ErrSilent\n", "\t\treturn dst, nil\n"}},
		check: "cut",
	},
	{
		name: "requests forgotten", rule: "a subscribe that has no answer is asked again on the next connection",
		edits: []edit{{"mqtt/resume.go", "\t\t\tc.subs.parked = append(c.subs.parked, d.op.request)\n", ""}},
		check: "cut",
	},
	{
		name: "publish refused while going", rule: "a client that reconnects parks what is published while a connection ends",
		edits: []edit{{fileRules, "Publish:    {once: refused, reconnects: parked,", "Publish:    {once: refused, reconnects: refused,"}},
		tests: "TestPublishingIsNotOverBeforeTheClientIs", quick: true,
	},
	{
		name: "verdicts lost while going", rule: "what handlers say of QoS 2 while a connection ends counts on the next one",
		edits: []edit{{fileRules, "\t\treconnects: {Note, Note, Note, Take, Note, Closed},", "\t\treconnects: {Note, Note, Note, Take, Closed, Closed},"}},
		check: "cut",
	},
	{
		name: "no hold", rule: "nothing is appended behind the last packet of a connection",
		edits: []edit{{"mqtt/end.go", "\t\tc.sess.Hold()\n", "\t\t_ = c.sess\n"}},
		tests: "TestNothingFollowsTheLastPacket", quick: true,
	},
	{
		name: "QoS 1 suppressed", rule: "at QoS 1 nothing is taken for a repeat because of its identifier",
		edits: []edit{{fileInbound, "\ta := Arrival{Seq: s.receive(", "\tif p.QoS == 1 && p.Dup && uint64(p.PacketID) < s.in.begun {\n\t\treturn wire.AppendAck(dst, s.cfg.Version, &wire.Ack{Type: wire.PUBACK, PacketID: p.PacketID}), Arrival{}, nil\n\t}\n\ta := Arrival{Seq: s.receive("}},
		tests: "TestRenumberedQoS1", quick: true,
	},
	{
		name: "QoS 1 acknowledged later", rule: "a QoS 1 message is not acknowledged on a later connection than its own",
		edits: []edit{{fileRepeats, "\tin.first = max(in.first, 1) + uint64(in.pending.Len())\n\tin.begun = in.first\n\tin.pending, in.open = fifo.Queue[receipt]{}, 0\n", "\tin.begun = max(in.first, 1) + uint64(in.pending.Len())\n\t_, in.open = fifo.Queue[receipt]{}, 0\n"}},
		check: "session", quick: true,
	},
	{
		name: "stale copies handled", rule: "a QoS 1 message that waits for its handler when a session goes on is left to the copy that the server sends",
		edits: []edit{{"mqtt/deliver.go", "return it.message.QoS != AtLeastOnce || it.seq >= r.comeAgain.Load()", "return true"}},
		tests: "TestSlowHandler|TestRenumbered|TestHandlerRunsAcrossALoss", quick: true,
	},
	{
		name: "panic acknowledged", rule: "a message whose handler panicked is not acknowledged",
		edits: []edit{{"mqtt/deliver.go", "\tif it.to.run(it, &r.guard) {\n", "\tif it.to.run(it, &r.guard) || it.result == failed {\n"}},
		tests: "TestPanic", quick: true,
	},
	{
		name: "script's failure acknowledged", rule: "a message whose listener threw is not acknowledged",
		edits: []edit{{"jsre/module/mqtt/events.go", "\tdefault:\n\t\t_ = m.Skip()\n", "\tdefault:\n\t\t_ = m.Ack()\n"}},
		check: "scripts", quick: true,
	},
	{
		name: "acknowledged before the loop asks", rule: "All acknowledges a message when the loop asks for the next one",
		edits: []edit{{"mqtt/active.go", "\t\t\tl.done = m\n\t\t\tq.reserve(l)\n", "\t\t\tr.finishLocked(m, handled)\n"}},
		tests: "TestAll", quick: true,
	},
	{
		name: "workers without bound", rule: "no more handlers of a subscription run at once than Workers says",
		edits: []edit{{"mqtt/ownqueue.go", "q.running < q.most:", "q.running >= 0:"}},
		tests: "TestWorkers", quick: true,
	},
	{
		name: "properties not counted", rule: "Limits.ReceiveBytes counts the properties of what waits",
		edits: []edit{{"mqtt/receiver.go", "size += m.Properties.memory()", "_ = m.Properties.memory()"}},
		tests: "TestReaderPausesForWhatIsHeld", quick: true,
	},
	{
		name: "credentials traced", rule: "OnPacket sees no credentials",
		edits: []edit{{"mqtt/trace.go", "\t\t\tp.mask()\n", "\t\t\t_ = p.mask\n"}},
		tests: "TestCredentialsAreNeverSeen", quick: true,
	},
	{
		name: "credentials shown", rule: "what is shown of a broker's URL has no user name and no password",
		edits: []edit{{"mqtt/dial/address.go", "u := url.URL{Scheme: a.Scheme, Host: a.Endpoint()}", "u := url.URL{Scheme: a.Scheme, Host: a.Endpoint(), User: a.User}"}},
		check: "dial", quick: true,
	},
	{
		name: "expiry ignored", rule: "a message that expired before it was sent is not sent",
		edits: []edit{{filePublish, "return e.Expires != 0 && e.Expires <= s.now && (", "return e.Expires < 0 && ("}},
		check: "session", quick: true,
	},
	{
		name: "authentication of another connection", rule: "an authentication that fails ends the connection that it was for, and no other",
		edits: []edit{{"mqtt/auth.go", "if c.conn == conn && c.life.Live() {", "if c.life.Live() {"}},
		tests: "TestOldAuthenticationLeavesOtherConnectionsAlone|TestAuthenticationEndsWithItsConnection", quick: true,
	},
	{
		name: "no jitter", rule: "the wait before an attempt is anything from 0 on",
		edits: []edit{
			{fileReconnect, "return rand.N(min(most, r.MaxDelay) + 1)", "return min(most, r.MaxDelay)"},
			{fileReconnect, "\t\"math/rand/v2\"\n", ""},
		},
		check: "storm", quick: true,
	},
	{
		name: "a good connection at once", rule: "the waits begin anew only after a stable connection",
		edits: []edit{{"mqtt/supervise.go", "lasted >= s.retry.Stable {", "lasted >= 0 {"}},
		tests: "TestDelaysBeginAnewAfterStability", quick: true,
	},
	{
		name: "ping-pong", rule: "a client whose session was taken over does not take it back",
		edits: []edit{{fileReconnect, "\t\tcase wire.SessionTakenOver:\n\t\t\treturn !left.own\n", ""}},
		tests: "TestReasonsThatEndReconnecting", quick: true,
	},
	{
		name: "republished unasked", rule: "what may have been sent is not sent as new when the session is lost, unless asked for",
		edits: []edit{{fileResume, "case e.again && !r.Present && !r.republishes(e):", "case e.again && !r.Present && !r.republishes(e) && e.id == 0:"}},
		tests: "TestSessionLost|TestRepublish", quick: true,
	},
	{
		name: "lost session remembered", rule: "identifiers of a session that the server has lost mean new messages",
		edits: []edit{{fileResume, "\t\ts.forgetEarlier()\n", "\t\t_ = s\n"}},
		tests: "TestNewSessionDeliversAgain|TestAcknowledgementOfALostSession", quick: true,
	},
	{
		name: "subscriptions not renewed", rule: "subscriptions are made again when the server has lost them",
		edits: []edit{{"mqtt/renew.go", "\t\towed = c.agreedLocked()\n", "\t\t_ = c\n"}},
		tests: "TestSubscriptionsAreRenewed", quick: true,
	},
	{
		name: "queue without bounds", rule: "Limits.Queue bounds what waits",
		edits: []edit{{"mqtt/queue.go", "if !c.lasting() || c.queueRoomLocked() {", "if !c.lasting() || c.lasting() {"}},
		tests: "Queue", quick: true,
	},
	{
		name: "window ignored", rule: "no more is under way than the server's Receive Maximum",
		edits: []edit{{filePublish, "s.used >= s.places() || e.id == 0", "e.id == 0"}},
		check: "session", quick: true,
	},
	{
		name: "identifier given twice", rule: "an identifier in use is not given to another packet",
		edits: []edit{{fileSession, "if s.lastID != 0 && s.out.find(s.lastID) == nil {", "if s.lastID != 0 {"}},
		check: "session", quick: true,
	},
	{
		name: "length trusted", rule: "memory grows with the bytes that came, not with those announced",
		edits: []edit{{"mqtt/internal/link/read.go", "\tcase len(b) < n+h.Length:\n", "\tcase len(b) < n+h.Length:\n\t\tif n+h.Length > len(in.buf) {\n\t\t\tin.move(make([]byte, n+h.Length))\n\t\t}\n"}},
		tests: "TestAnnouncedLengthCostsNothing", quick: true,
	},
	{
		name: "no sync", rule: "Commit returns when its changes are on the disk",
		edits: []edit{{"mqtt/store/disk/store.go", "if err == nil && s.opt.Sync == Always {", "if err == nil && s.opt.Sync == Always && s.closed {"}},
		check: "disk",
	},
	{
		name: "directory not synced", rule: "a new file of the log is in its directory before it is used",
		edits: []edit{{fileAppend, "\treturn s.fs.SyncDir()\n", "\treturn nil\n"}},
		check: "disk",
	},
	{
		name: "head unchecked", rule: "a record whose header does not have its checksum is none",
		edits: []edit{{"mqtt/store/disk/format.go", "if binary.LittleEndian.Uint32(b[36:]) != headerSum(seed, off, b[:36]) {", "if binary.LittleEndian.Uint32(b[36:]) == 0 {"}},
		check: "disk",
	},
	{
		name: "value unchecked", rule: "a value that does not have its checksum is not given out",
		edits: []edit{{"mqtt/store/disk/format.go", "return crc32.Update(seed^uint32(seq), castagnoli, value)", "return seed ^ uint32(seq)"}},
		check: "disk",
	},
	{
		name: "failure kept", rule: "nothing of a Commit that failed counts",
		edits: []edit{{"mqtt/store/disk/store.go", "\t\treturn s.undoLocked(before, err)\n\t}\n\ts.applyLocked()\n\ts.maintainLocked()\n", "\t\t_ = before\n\t\treturn err\n\t}\n\ts.applyLocked()\n\ts.maintainLocked()\n"}},
		check: "disk",
	},
	{
		name: "no lock", rule: "a store is open in one process at a time",
		edits: []edit{{"mqtt/store/disk/lock_flock.go", "syscall.LOCK_EX|syscall.LOCK_NB", "syscall.LOCK_SH|syscall.LOCK_NB"}},
		check: "disk",
	},
}
