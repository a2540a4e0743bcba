//go:build !unix

package cli

import "os"

// deadly is empty: there are no such signals here.
var deadly []os.Signal
