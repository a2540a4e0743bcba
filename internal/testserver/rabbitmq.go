package testserver

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
)

// rabbitMQVersion is the one of Debian 12, which the tests know.
const rabbitMQVersion = "3.10."

// RabbitMQ returns the version of the RabbitMQ that is installed, or that ci/install-test-tools has unpacked; rabbitmq.sh finds the same one.
func RabbitMQ() (version string, err error) {
	_, file, _, _ := runtime.Caller(0)
	for _, root := range []string{"/", filepath.Join(filepath.Dir(file), "../../.tools/rabbitmq")} {
		// Its folder has the version in its name.
		found, err := filepath.Glob(filepath.Join(root, "usr/lib/rabbitmq/lib/rabbitmq_server-"+rabbitMQVersion+"*"))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			_, version, _ = strings.Cut(filepath.Base(found[0]), "-")
			return version, nil
		}
	}
	return "", errors.New("rabbitmq: no " + rabbitMQVersion + "x is here, which is the version that the tests know; run `make test`, which gets it on " +
		"Debian 12; elsewhere run them in a container of Debian 12")
}
