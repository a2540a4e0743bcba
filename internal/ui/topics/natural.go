package topics

import (
	"cmp"
	"slices"
	"strings"
)

// Names are in natural order: by their bytes, but that runs of digits count as numbers, so that sensor9 stands before sensor10.

// compareNatural compares names.
func compareNatural(a, b string) int {
	x, y := a, b
	for len(x) > 0 && len(y) > 0 {
		if !isDigit(x[0]) || !isDigit(y[0]) {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		var m, n string
		m, x = cutNumber(x)
		n, y = cutNumber(y)
		if c := cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// cutNumber returns the digits that s begins with, without zeros in front, and the rest.
func cutNumber(s string) (digits, rest string) {
	end := 1
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	digits = strings.TrimLeft(s[:end-1], "0")
	return s[end-1-len(digits) : end], s[end:]
}

// sortKey stands for a name where many are sorted: its order is that of the names, or equal.
type sortKey struct {
	high, low uint64
	id        uint32
}

// keyBytes is how many bytes the two parts of a key have.
const keyBytes = 16

// naturalKey returns the key of a name. A number is written in it as the count of its digits and the digits.
func naturalKey(name string, id uint32) sortKey {
	var b [keyBytes]byte
	n := 0
	put := func(c byte) {
		if n < keyBytes {
			b[n] = c
			n++
		}
	}
	for len(name) > 0 && n < keyBytes {
		if !isDigit(name[0]) {
			put(name[0])
			name = name[1:]
			continue
		}
		var digits string
		digits, name = cutNumber(name)
		count := len(digits) - 1
		for ; count >= 9 && n < keyBytes; count -= 9 {
			put('9')
		}
		put('0' + byte(min(count, 9)))
		for i := 0; i < len(digits) && n < keyBytes; i++ {
			put(digits[i])
		}
	}
	key := sortKey{id: id}
	for i, c := range b {
		if i < keyBytes/2 {
			key.high = key.high<<8 | uint64(c)
		} else {
			key.low = key.low<<8 | uint64(c)
		}
	}
	return key
}

// sortByName returns nodes in the order of their names.
func sortByName(all *nodes, ids []uint32) []uint32 {
	common := commonPrefix(all, ids)
	keys := make([]sortKey, len(ids))
	for i, id := range ids {
		keys[i] = naturalKey(all.at(id).name[common:], id)
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		if a.high != b.high {
			return cmp.Compare(a.high, b.high)
		}
		if a.low != b.low {
			return cmp.Compare(a.low, b.low)
		}
		return compareNatural(all.at(a.id).name, all.at(b.id).name)
	})
	return idsOf(keys)
}

func idsOf(keys []sortKey) []uint32 {
	ids := make([]uint32, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	return ids
}

// commonPrefix returns how long the beginning is that all names have in common, up to where a number begins.
func commonPrefix(all *nodes, ids []uint32) int {
	prefix := all.at(ids[0]).name
	for _, id := range ids {
		name := all.at(id).name
		n := 0
		for n < len(prefix) && n < len(name) && prefix[n] == name[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return len(strings.TrimRight(prefix, "0123456789"))
}

// mergeByName returns nodes that are in order, and new ones besides, all in order.
func mergeByName(all *nodes, ordered, added []uint32) []uint32 {
	merged := make([]uint32, 0, len(ordered)+len(added))
	for _, id := range sortByName(all, added) {
		name := all.at(id).name
		n, _ := slices.BinarySearchFunc(ordered, name, func(other uint32, name string) int {
			return compareNatural(all.at(other).name, name)
		})
		merged = append(append(merged, ordered[:n]...), id)
		ordered = ordered[n:]
	}
	return append(merged, ordered...)
}
