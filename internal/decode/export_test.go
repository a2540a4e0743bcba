package decode

import "time"

// SetLongest sets how long an expression may take for one message.
func (p *Printer) SetLongest(d time.Duration) { p.longest = d }
