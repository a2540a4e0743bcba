package decode

import "testing"

// A panic of the library is an error of the payload.
func TestPanicOfTheLibraryIsAnError(t *testing.T) {
	err := contained(func() error { panic("type mismatch") })
	if err == nil || trimProto(err).Error() != "the library that reads it fails: type mismatch" {
		t.Errorf("error %v", err)
	}
	if err := contained(func() error { return nil }); err != nil {
		t.Errorf("error %v", err)
	}
}
