package capture_test

const loopback = "lo"
