//go:build !unix

package load

import "time"

// ownCost does not know here.
func ownCost() (cpu time.Duration, peak int64) { return 0, 0 }

// raiseFiles does not know here.
func raiseFiles(uint64) uint64 { return 0 }
