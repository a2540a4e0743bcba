package cli_test

import (
	"strings"
	"testing"

	"dunlin/internal/load/loadtest"
	"dunlin/internal/mosquitto"
)

// TestBenchNamesWhatAServerDoesWrong has one message of a hundred lost, doubled, swapped with the next or corrupted on its way
// from the server: --verify says which one it was, and the limit on it decides the exit status.
func TestBenchNamesWhatAServerDoesWrong(t *testing.T) {
	// Each of the two PUBACKs for a double makes room in Mosquitto's window (2.0.11): a message could overtake those that wait.
	broker := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_inflight_messages 0"}})
	for _, test := range []struct {
		name, limit, account, named string
		change                      func(number int, frame []byte) [][]byte
	}{
		{"nothing", "corrupted>0", "100 of 100 received, 0 lost, 0 doubled, 0 out of order, 0 corrupted", "", nil},
		{"a loss", "lost>0", "99 of 100 received, 1 lost, 0 doubled, 0 out of order, 0 corrupted", "lost 50 of pub/1 to", lose},
		{"a double", "doubled>0", "100 of 100 received, 0 lost, 1 doubled, 0 out of order, 0 corrupted", "got 50 a second time of pub/1 to", double},
		{"a swap", "disordered>0", "100 of 100 received, 0 lost, 0 doubled, 1 out of order, 0 corrupted", "got 50 out of order of pub/1 to", swap()},
		{"a corruption", "corrupted>0", "100 of 100 received, 0 lost, 0 doubled, 0 out of order, 1 corrupted", "got 50 corrupted of pub/1 to", corrupt},
	} {
		for _, options := range [][]string{{"-V", "3.1.1", "-q", "0"}, {"-V", "5", "-q", "1", "-m", "reading {{.N}}"}} {
			t.Run(test.name+" "+strings.Join(options[:4], " "), func(t *testing.T) {
				url := loadtest.StartProxy(t, broker.URL(), func(fromServer bool, number int, frame []byte) [][]byte {
					if !fromServer || test.change == nil {
						return [][]byte{frame}
					}
					return test.change(number, frame)
				})
				args := append([]string{"bench", "fan-in", "-L", url, "-c", "1", "-C", "100", "--drain", "300ms", "--verify", "--fail-if", test.limit}, options...)
				c := start(t, nil, args...)
				want := 12
				if test.change == nil {
					want = 0
				}
				if status := c.wait(t); status != want {
					t.Errorf("status %d, want %d: %s", status, want, c.stderr.String())
				}
				out := c.stdout.String()
				if !strings.Contains(out, "verified: "+test.account+"\n") || !strings.Contains(out, "sub/1 "+test.named) && test.named != "" {
					t.Errorf("want %q, and %q named:\n%s", test.account, test.named, out)
				}
			})
		}
	}
}

func lose(number int, frame []byte) [][]byte {
	if number == 50 {
		return nil
	}
	return [][]byte{frame}
}

func double(number int, frame []byte) [][]byte {
	if number == 50 {
		return [][]byte{frame, frame}
	}
	return [][]byte{frame}
}

// swap passes on the 50th behind the 51st.
func swap() func(int, []byte) [][]byte {
	var held []byte
	return func(number int, frame []byte) [][]byte {
		switch number {
		case 50:
			held = frame
			return nil
		case 51:
			return [][]byte{frame, held}
		}
		return [][]byte{frame}
	}
}

func corrupt(number int, frame []byte) [][]byte {
	if number == 50 {
		frame[len(frame)-1] ^= 1
	}
	return [][]byte{frame}
}
