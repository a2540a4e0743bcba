package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mosquitto builds the driver of libmosquitto, the machine's or that of b.Mosquitto.
func (b *Builder) mosquitto(ctx context.Context, d *Driver) error {
	compiler := os.Getenv("CC")
	if compiler == "" {
		compiler = "cc"
	}
	if _, err := exec.LookPath(compiler); err != nil {
		return &missingError{"there is no C compiler"}
	}
	program := filepath.Join(b.Out, "libmosquitto")
	args := []string{"-O2", "-o", program}
	library := ""
	if b.Mosquitto == "" {
		args = append(args, "drivers/libmosquitto/main.c", "-lmosquitto")
	} else {
		include, file, err := findMosquitto(b.Mosquitto)
		if err != nil {
			return err
		}
		library = file
		args = append(args, "-I"+include, "drivers/libmosquitto/main.c", file, "-Wl,-rpath,"+filepath.Dir(file))
	}
	if _, err := b.command(ctx, b.Source, compiler, append(args, "-lpthread", "-ldl")...); err != nil {
		lost := strings.Contains(err.Error(), "mosquitto.h") || strings.Contains(err.Error(), "-lmosquitto")
		if lost && b.Mosquitto == "" {
			return &missingError{"its headers are not installed; Debian has them in libmosquitto-dev"}
		}
		return err
	}
	d.command = []string{program}
	return b.loaded(ctx, d, library)
}

// loaded has the driver say which version it loaded, and from where: the system's own
// linker decides that, and may prefer another file than the one that was meant.
func (b *Builder) loaded(ctx context.Context, d *Driver, library string) error {
	said, err := b.command(ctx, b.Source, d.command[0], "version")
	if err != nil {
		return err
	}
	version, file, _ := strings.Cut(said, "\n")
	d.Version = version
	if library == "" {
		return nil
	}
	is, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	if want, err := filepath.EvalSymlinks(filepath.Dir(library)); err != nil || filepath.Dir(is) != want {
		return fmt.Errorf("the driver loads libmosquitto %s from %s, not from %s; unset LD_LIBRARY_PATH, and see that the library there has the name that it was linked with", version, is, want)
	}
	return nil
}

// findMosquitto returns the folder of the header and the file of the library in dir, which
// is where they were installed, or the source they were built in.
func findMosquitto(dir string) (include, library string, err error) {
	header, err := firstOf(dir, "include/mosquitto.h", "mosquitto.h", "lib/mosquitto.h")
	if err != nil {
		return "", "", err
	}
	library, err = firstOf(dir, "lib*/libmosquitto.so", "lib*/libmosquitto.so.?", "lib*/libmosquitto.dylib",
		"lib/*/libmosquitto.so", "lib/*/libmosquitto.so.?", "libmosquitto.so", "libmosquitto.so.?")
	return filepath.Dir(header), library, err
}

// firstOf returns the first file in dir that matches one of patterns.
func firstOf(dir string, patterns ...string) (string, error) {
	for _, p := range patterns {
		files, err := filepath.Glob(filepath.Join(dir, p))
		if err != nil {
			return "", err
		}
		if len(files) > 0 {
			return files[0], nil
		}
	}
	return "", fmt.Errorf("-libmosquitto: %s has no %s; give the folder where libmosquitto was installed, with include and lib in it, or was built", dir, patterns[0])
}
