package wire

import "pgregory.net/rapid"

// The tests of whole packets stand outside of the package, because they need the codec
// of a server, which imports it. This is what they use of the inside.
var (
	RequiredFlags = requiredFlags
	SizeOf        = sizeOf
)

// Texts draws strings that may be sent: UTF-8 without U+0000.
var Texts = rapid.StringMatching(`[a-zA-Zäß€😀\x01\x7f /-]{0,20}`)

// Topics draws topic names, never empty and without wildcards.
var Topics = rapid.StringMatching(`[a-zé$/ ]{1,30}`)

var Blobs = rapid.SliceOfN(rapid.Byte(), 0, 40)

// DrawProperties draws a legal list for the packet, in any order.
func DrawProperties(t *rapid.T, v Version, in Type) (list Properties) {
	if v < V5 {
		return nil
	}
	var legal []PropertyID
	for id := range propertyTable {
		if row := &propertyTable[id]; row.kind != kindNone && row.in.has(in) {
			legal = append(legal, PropertyID(id))
		}
	}
	for _, id := range rapid.Permutation(legal).Draw(t, "order") {
		if rapid.Bool().Draw(t, id.String()) {
			list = drawProperty(t, list, id)
			if q := (property{id: id}); q.repeats(in) && rapid.Bool().Draw(t, "again") {
				list = drawProperty(t, list, id)
			}
		}
	}
	return list
}

func drawProperty(t *rapid.T, list Properties, id PropertyID) Properties {
	row := id.info()
	switch row.kind {
	case kindText:
		if row.rule == topicName {
			return list.AppendText(id, Topics.Draw(t, "topic"))
		}
		return list.AppendText(id, Texts.Draw(t, "text"))
	case kindBinary:
		return list.AppendBinary(id, Blobs.Draw(t, "binary"))
	case kindPair:
		return list.AppendPair(id, Texts.Draw(t, "name"), Texts.Draw(t, "value"))
	}
	return list.AppendUint(id, rapid.Uint32Range(low(row), high(row)).Draw(t, "number"))
}

func low(row *propertyInfo) uint32 {
	if row.rule == notZero {
		return 1
	}
	return 0
}

func high(row *propertyInfo) uint32 {
	switch {
	case row.rule == flagOnly:
		return 1
	case row.kind == kindUint16:
		return 0xFFFF
	case row.kind == kindVarint:
		return MaxLength
	}
	return 0xFFFFFFFF
}
