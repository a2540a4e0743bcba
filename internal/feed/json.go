package feed

import (
	"dunlin/internal/record"
	"dunlin/mqtt"
)

// fromJSON puts what the line says into m.
func fromJSON(line []byte, m *mqtt.Message) error {
	given, err := record.Parse(line)
	if err != nil {
		return err
	}
	return given.Change(m)
}
