package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Read reads what WriteJSON has written.
func Read(r io.Reader) (*Result, error) {
	all := &Result{}
	d := json.NewDecoder(r)
	if err := d.Decode(all); err != nil {
		return nil, fmt.Errorf("this is not a result that bench --json has written: %w", err)
	}
	switch {
	case all.Format == 0 || all.Parts < 1:
		return nil, errors.New("this is not a result that bench --json has written")
	case all.Format != Format:
		return nil, fmt.Errorf("this result has the format %d, and this version of dunlin reads %d; read it with dunlin %s", all.Format, Format, all.Dunlin)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the result; a file holds one")
	}
	return all, nil
}
