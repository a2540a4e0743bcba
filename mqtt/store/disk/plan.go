package disk

import (
	"math"
	"slices"
)

// run is a piece of a file whose records are good and have consecutive sequence numbers. Each file
// begins with an empty one.
type run struct {
	off, end    int64
	first, last uint64 // sequence numbers; last is first-1 when it is empty
	before      lostKey
	kind        kind // of the last record
}

// survey is what a first look at a file found.
type survey struct {
	seg    *segment
	runs   []run
	synced uint64 // the highest sequence number that anything in the file says is safe
	trims  []trimMark
}

// plan says what of the files counts.
type plan struct {
	keep, drop []*segment
	firsts     []uint64 // of keep: see firstAfter
	before     map[uint64]lostKey
	trim       uint64
	last       uint64 // the last sequence number that counts
	end        int64  // where it ends in the last file of keep
	kind       kind   // of the last record
	torn       Damage // what is cut off, if File is set
	rewrite    bool   // the log has gaps: leave it for a new one
}

// firstAfter gives the first sequence number of the files after the i-th. Records of the i-th that
// have it or a later one do not count: they were given up when the next file was begun.
func (p *plan) firstAfter(i int) uint64 { return p.firsts[i] }

func (s *Store) plan(found []*segment) (*plan, error) {
	surveys := make([]*survey, len(found))
	for i, g := range found {
		v, err := g.survey()
		if err != nil {
			closeAll(found)
			return nil, err
		}
		surveys[i] = v
	}
	p := choose(surveys)
	for _, g := range found {
		p.rewrite = s.reportScar(g) || p.rewrite
	}
	first := p.keep[0].header
	if p.lostTrim() {
		return p, nil
	}
	if p.trim > 0 && first.number != p.trim || p.trim == 0 && first.first > 1 {
		p.rewrite = true
		s.report(Damage{Kind: Missing, File: p.keep[0].name})
	}
	return p, nil
}

// lostTrim says that a record is gone that gave up files, so nobody knows which have to be there.
func (p *plan) lostTrim() bool {
	for _, b := range p.before {
		if b.kind == kindTrim {
			return true
		}
	}
	return false
}

// reportScar tells of a file of whose two headers one is damaged.
func (s *Store) reportScar(g *segment) bool {
	if g.scar < 0 {
		return false
	}
	d := Damage{Kind: Rotten, File: g.name, Offset: g.scar, Length: headerSize}
	saved, err := s.save(g, d.Offset, d.Length)
	d.Saved = saved
	s.report(d)
	return err == nil
}

func (g *segment) survey() (*survey, error) {
	v := &survey{seg: g, synced: g.header.synced}
	r := run{off: dataStart, end: dataStart, first: g.header.first, last: g.header.first - 1}
	err := g.scan(&window{file: g.file, size: g.size}, dataStart, func(it item) bool {
		v.synced = max(v.synced, it.synced())
		switch {
		case !it.good:
			return true
		case it.off != r.end || it.seq != r.last+1:
			v.runs = append(v.runs, r)
			r = run{off: it.off, first: it.seq}
			r.before = lostKey{it.seq - 1, it.beforeKey, it.before}
		case r.off == r.end:
			r.before = lostKey{it.seq - 1, it.beforeKey, it.before}
		}
		r.end, r.last, r.kind = it.end, it.seq, it.kind
		if it.kind == kindTrim {
			v.trims = append(v.trims, trimMark{number: it.key, seq: it.seq})
		}
		return true
	})
	v.runs = append(v.runs, r)
	return v, err
}

// choose makes the plan. Which files are given up is said by a record, which itself has to count.
func choose(all []*survey) *plan {
	var trims []trimMark
	for _, v := range all {
		trims = append(trims, v.trims...)
	}
	tried := map[int]*plan{}
	for _, t := range slices.Backward(trims) {
		i := slices.IndexFunc(all, func(v *survey) bool { return v.seg.header.number >= t.number })
		if i < 0 {
			continue
		}
		if tried[i] == nil {
			tried[i] = planFrom(all[i:])
		}
		if p := tried[i]; p.last >= t.seq && t.seq >= all[i].seg.header.first {
			p.trim = t.number
			for _, v := range all[:i] {
				p.drop = append(p.drop, v.seg)
			}
			return p
		}
	}
	return planFrom(all)
}

// planFrom finds where the log ends. A gap that is known to have been safe is damage, and what
// comes after it counts. At the first other gap the writes of the last moments stop to be complete,
// and what comes after it was never promised.
func planFrom(all []*survey) *plan {
	p := &plan{last: all[0].seg.header.first - 1, firsts: firstsAfter(all), before: map[uint64]lostKey{}}
	var synced uint64
	for _, v := range all {
		synced = max(synced, v.synced)
	}
	head, cut := 0, false
	for i, v := range all {
		for _, r := range v.runs {
			if cut = cut || r.first > p.last+1 && r.first-1 > synced && r.first < p.firsts[i]; cut {
				p.torn.Records += int(r.last + 1 - r.first)
				continue
			}
			if r.first < p.firsts[i] && (r.last > p.last || r.end == dataStart) {
				p.last, p.end, p.kind, head = max(p.last, min(r.last, p.firsts[i]-1)), r.end, r.kind, i
				p.before[r.first] = r.before
			}
		}
	}
	for i, v := range all {
		if i <= head {
			p.keep = append(p.keep, v.seg)
			continue
		}
		p.drop = append(p.drop, v.seg)
		p.torn.Length += v.seg.size
	}
	p.tearOff()
	return p
}

func (p *plan) tearOff() {
	head := p.keep[len(p.keep)-1]
	p.torn.Length += head.size - p.end
	if p.torn.Length > 0 || p.kind != kindClose {
		p.torn.Kind, p.torn.File, p.torn.Offset = Torn, head.name, p.end
	}
}

func firstsAfter(all []*survey) []uint64 {
	firsts := make([]uint64, len(all))
	least := uint64(math.MaxUint64)
	for i, v := range slices.Backward(all) {
		firsts[i] = least
		least = min(least, v.seg.header.first)
	}
	return firsts
}
