package mosquitto

import "syscall"

// notOrphaned has the process end with the test's, also where that is killed or runs
// into its time limit, and no cleanup runs.
func notOrphaned() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
