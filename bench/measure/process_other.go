//go:build !linux

package measure

import (
	"errors"
	"os/exec"
	"time"
)

func start(cmd *exec.Cmd, where place) error {
	if where != anywhere {
		return errors.New("one processor for a client can be had on Linux alone; choose other works, see list")
	}
	return cmd.Start()
}

func endWithParent(*exec.Cmd) {}

func processTime(int) time.Duration { return 0 }

func processMemory(int) (now, most int64) { return 0, 0 }
