package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	readFiles  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	changeFile = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	changeTree = changeFile | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REFER
	ofFiles = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE | changeFile // what a single file can have
)

// alwaysRead are files that Go itself reads: zones of time.
var alwaysRead = []string{"/etc/localtime", "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/dev/null", "/dev/urandom"}

// networkReads are files that looking up names and checking certificates needs.
var networkReads = []string{
	"/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/mdns.allow",
	"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/local/share/certs",
}

// ruleset is a set of rules of Landlock while it is made.
type ruleset struct {
	fd    int
	files uint64 // the rights that the kernel knows
}

// netPort is landlock_net_port_attr of the kernel.
type netPort struct {
	access, port uint64
}

// restrictFiles leaves of the file system what was granted.
func (c *Config) restrictFiles() error {
	version, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return nil // a kernel without it
	}
	rules, err := c.makeRules(int(version))
	if err != nil {
		return fmt.Errorf("sandbox: restrict files: %w", err)
	}
	defer func() { _ = syscall.Close(rules.fd) }()
	err = onAllThreads(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules.fd), 0, 0)
	if errors.Is(err, syscall.ENOTSUP) {
		// A build with cgo: one thread does it for all, as newer kernels can.
		_, _, errno = syscall.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules.fd), unix.LANDLOCK_RESTRICT_SELF_TSYNC, 0)
		if errno == 0 || errno == syscall.EINVAL || errno == syscall.EPERM {
			return nil
		}
		err = errno
	}
	if err != nil {
		return fmt.Errorf("sandbox: restrict files: %w", err)
	}
	return nil
}

func (c *Config) makeRules(version int) (*ruleset, error) {
	rules := &ruleset{files: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1}
	attr := unix.LandlockRulesetAttr{}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	for _, later := range []struct {
		version int
		right   uint64
	}{{2, unix.LANDLOCK_ACCESS_FS_REFER}, {3, unix.LANDLOCK_ACCESS_FS_TRUNCATE}, {5, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV}} {
		if version >= later.version {
			rules.files |= later.right
		}
	}
	attr.Handled_access_fs = rules.files
	ports, restricted := c.ports()
	if version >= 4 {
		attr.Handled_access_net, size = unix.LANDLOCK_ACCESS_NET_BIND_TCP, size+unsafe.Sizeof(attr.Handled_access_net)
		if restricted {
			attr.Handled_access_net |= unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		}
	}
	if version >= 6 {
		attr.Scoped, size = unix.LANDLOCK_SCOPE_SIGNAL|unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, size+unsafe.Sizeof(attr.Scoped)
	}
	fd, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return nil, errno
	}
	rules.fd = int(fd)
	if err := c.addFiles(rules); err != nil {
		return nil, err
	}
	if version >= 4 && restricted {
		return rules, rules.addPorts(ports)
	}
	return rules, nil
}

// addFiles adds what the grants and the program itself need.
func (c *Config) addFiles(rules *ruleset) error {
	reads := append(append([]string{c.Script}, c.Read...), alwaysRead...)
	if len(c.Net) > 0 {
		reads = append(reads, networkReads...)
	}
	for _, path := range reads {
		if err := rules.addPath(path, readFiles); err != nil {
			return err
		}
	}
	for _, path := range c.Write {
		if err := rules.addPath(path, changeTree); err != nil {
			return err
		}
	}
	return nil
}

// addPath grants rights to a file or a folder with all in it; nothing there: none.
func (r *ruleset) addPath(path string, rights uint64) error {
	info, err := os.Stat(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		rights &= ofFiles
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights & r.files, Parent_fd: int32(fd)}
	_, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return &fs.PathError{Op: "grant", Path: path, Err: errno}
	}
	return nil
}

// ports returns the ports that may be connected to; false: all.
func (c *Config) ports() ([]uint64, bool) {
	ports := []uint64{}
	for _, grant := range c.Net {
		_, port, err := net.SplitHostPort(grant)
		number, wrong := strconv.ParseUint(port, 10, 16)
		if err != nil || wrong != nil {
			return nil, false
		}
		ports = append(ports, number)
	}
	if len(ports) > 0 {
		ports = append(ports, 53) // names, when an answer is too long for UDP
	}
	return ports, true
}

func (r *ruleset) addPorts(ports []uint64) error {
	const ruleNetPort = 2
	for _, port := range ports {
		rule := netPort{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port}
		_, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), ruleNetPort, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
		if errno != 0 {
			return fmt.Errorf("port %d: %w", port, errno)
		}
	}
	return nil
}
